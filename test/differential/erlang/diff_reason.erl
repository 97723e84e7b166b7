%% Exit reasons: from the JSON of a program to terms, and from terms to the JSON of an outcome
%% (stacks dropped, `{failed_to_start_child, …}` as an object).
-module(diff_reason).
-export([from_json/1, to_json/1]).

from_json(Name) when is_binary(Name) -> binary_to_atom(Name);
from_json(#{<<"shutdown">> := Detail}) -> {shutdown, Detail};
from_json(#{<<"term">> := Term}) -> {term, Term}.

to_json(Reason) when is_atom(Reason) -> Reason;
to_json({shutdown, {failed_to_start_child, Id, Reason}}) ->
    #{shutdown => #{failedToStartChild => Id, reason => to_json(Reason)}};
to_json({shutdown, Detail}) -> #{shutdown => Detail};
to_json({term, Term}) -> #{term => Term};
to_json({already_started, Pid}) when is_pid(Pid) -> already_started;
to_json({Reason, {gen_server, call, _}}) -> to_json(Reason);
to_json({Error, [Frame | _]}) when is_tuple(Frame) -> #{error => Error};
to_json(Other) -> #{unknown => iolist_to_binary(io_lib:format("~0p", [Other]))}.
