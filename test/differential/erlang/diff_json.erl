%% Just enough JSON for the programs and outcomes: OTP has a module for it only from 27 on.
%% Objects are maps with binary keys, strings are binaries; atoms are written as strings, except
%% true, false and null.
-module(diff_json).
-export([decode/1, encode/1]).

decode(Text) ->
    {Value, Rest} = value(skip(Text)),
    <<>> = skip(Rest),
    Value.

value(<<${, Rest/binary>>) -> members(skip(Rest), #{});
value(<<$[, Rest/binary>>) -> items(skip(Rest), []);
value(<<$", Rest/binary>>) -> string(Rest, <<>>);
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"null", Rest/binary>>) -> {null, Rest};
value(Text) -> integer(Text, <<>>).

members(<<$}, Rest/binary>>, Map) -> {Map, Rest};
members(<<$,, Rest/binary>>, Map) -> members(skip(Rest), Map);
members(<<$", Rest/binary>>, Map) ->
    {Key, Rest1} = string(Rest, <<>>),
    <<$:, Rest2/binary>> = skip(Rest1),
    {Value, Rest3} = value(skip(Rest2)),
    members(skip(Rest3), Map#{Key => Value}).

items(<<$], Rest/binary>>, Items) -> {lists:reverse(Items), Rest};
items(<<$,, Rest/binary>>, Items) -> items(skip(Rest), Items);
items(Text, Items) ->
    {Value, Rest} = value(Text),
    items(skip(Rest), [Value | Items]).

string(<<$", Rest/binary>>, Text) -> {Text, Rest};
string(<<$\\, $n, Rest/binary>>, Text) -> string(Rest, <<Text/binary, $\n>>);
string(<<$\\, Char, Rest/binary>>, Text) when Char =:= $"; Char =:= $\\; Char =:= $/ ->
    string(Rest, <<Text/binary, Char>>);
string(<<Char, Rest/binary>>, Text) when Char =/= $\\ -> string(Rest, <<Text/binary, Char>>).

integer(<<Char, Rest/binary>>, Digits) when Char >= $0, Char =< $9; Char =:= $- ->
    integer(Rest, <<Digits/binary, Char>>);
integer(Rest, Digits) -> {binary_to_integer(Digits), Rest}.

skip(<<Char, Rest/binary>>) when Char =< $\s -> skip(Rest);
skip(Text) -> Text.

encode(Map) when is_map(Map) ->
    Members = [[encode(Key), $:, encode(Value)] || {Key, Value} <- maps:to_list(Map)],
    [${, lists:join($,, Members), $}];
encode(List) when is_list(List) -> [$[, lists:join($,, [encode(Item) || Item <- List]), $]];
encode(Integer) when is_integer(Integer) -> integer_to_binary(Integer);
encode(Atom) when Atom =:= true; Atom =:= false; Atom =:= null -> atom_to_binary(Atom);
encode(Atom) when is_atom(Atom) -> encode(atom_to_binary(Atom));
encode(Text) when is_binary(Text) -> [$", << <<(escape(Char))/binary>> || <<Char>> <= Text >>, $"].

escape($") -> <<"\\\"">>;
escape($\\) -> <<"\\\\">>;
escape($\n) -> <<"\\n">>;
escape(Char) -> <<Char>>.
