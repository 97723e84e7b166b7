%% The child of a program's supervisor, and the supervisor's own init. Each start of a child has a
%% number; the spec says how the first, second, … start goes (the last entry holds for all later).
-module(diff_child).
-behaviour(gen_server).
-export([init/1, start_link/2, start_link/3, start_nested/2, spec/2, template/2]).
-export([handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2]).

%% The end of one that ends by itself while its supervisor still starts others has no order among
%% theirs: a group of its own.
%% Context = #{controller, counters, path}; the counter of a path is its number of starts.

init({supervisor, Strategy, Intensity, Children}) ->
    {ok, {#{strategy => Strategy, intensity => Intensity, period => 3600}, Children}};
init({child, Context, Spec}) ->
    #{<<"trap">> := Trap, <<"stubborn">> := Stubborn, <<"starts">> := Plan} = Spec,
    process_flag(trap_exit, Trap),
    #{controller := Controller, path := Path, starts := Starts} = Context,
    Number = ets:update_counter(Starts, Path, 1, {Path, 0}),
    State = #{controller => Controller, path => Path, number => Number, stubborn => Stubborn,
              group => hd(binary:split(Path, <<"/">>))},
    case lists:nth(min(Number, length(Plan)), Plan) of
        <<"ignore">> -> ignore;
        <<"throw">> -> error(cannot_start);
        #{<<"fail">> := Reason} -> {stop, diff_reason:from_json(Reason)};
        <<"ok">> -> born(State), {ok, State};
        #{<<"flash">> := Reason} ->
            self() ! {'$end', diff_reason:from_json(Reason)},
            born(State),
            {ok, State#{group => key(State)}}
    end.

born(#{controller := Controller, path := Path, number := Number}) ->
    Controller ! {born, Path, Number, self(), erlang:unique_integer([monotonic])}.

start_link(Context, #{<<"name">> := Name} = Spec) ->
    gen_server:start_link({local, diff_agent:name(Name)}, ?MODULE, {child, Context, Spec}, []);
start_link(Context, Spec) -> gen_server:start_link(?MODULE, {child, Context, Spec}, []).

%% A dynamic child: the template's spec, the id appended by start_child.
start_link(#{path := Parent} = Context, Spec, Id) ->
    start_link(Context#{path := <<Parent/binary, $/, Id/binary>>}, Spec).

start_nested(Name, Spec) -> supervisor:start_link({local, Name}, ?MODULE, Spec).

%% The supervisor's spec of a child of the program.
spec(#{path := Parent} = Context, #{<<"nested">> := Nested, <<"id">> := Id}) ->
    Path = <<Parent/binary, $/, Id/binary>>,
    Name = diff_agent:name(Path),
    Inner = diff_main:supervisor_spec(Context#{path := Path}, Nested),
    #{id => Id, start => {?MODULE, start_nested, [Name, Inner]}, type => supervisor};
spec(#{path := Parent} = Context, #{<<"id">> := Id} = Spec) ->
    Path = <<Parent/binary, $/, Id/binary>>,
    plan(Id, Spec, {?MODULE, start_link, [Context#{path := Path}, Spec]}).

%% The one spec of a dynamic supervisor's children.
template(Context, Spec) -> plan(template, Spec, {?MODULE, start_link, [Context, Spec]}).

plan(Id, #{<<"restart">> := Restart, <<"shutdown">> := Shutdown}, Start) ->
    #{id => Id, start => Start, restart => binary_to_atom(Restart), shutdown => shutdown(Shutdown)}.

shutdown(Time) when is_integer(Time) -> Time;
shutdown(Word) -> binary_to_atom(Word).

handle_call(_, _, State) -> {noreply, State}.
handle_cast(_, State) -> {noreply, State}.
handle_continue(_, State) -> {noreply, State}.

handle_info({'$end', Reason}, State) -> {stop, Reason, State};
handle_info('$crash', _State) -> error(crashed);
handle_info(Message, #{controller := Controller} = State) ->
    Controller ! {got, key(State), Message},
    {noreply, State}.

terminate(_Reason, #{stubborn := true}) -> receive never -> ok end;
terminate(Reason, #{controller := Controller, group := Group} = State) ->
    Controller ! {gone, key(State), Group, Reason, erlang:unique_integer([monotonic])}.

key(#{path := Path, number := Number}) ->
    <<Path/binary, $#, (integer_to_binary(Number))/binary>>.
