%% Runs programs on OTP: one JSON program per line on stdin, one JSON outcome per line on stdout.
%%
%% The node has one scheduler. So whenever the controller runs, nobody else does, and when the run
%% queue is empty too, all others wait: every consequence of a step has happened, unless a
%% supervisor waits for a timer, which is seen in its current function.
-module(diff_main).
-export([start/0, supervisor_spec/2]).

-define(NAMES, [<<"a">>, <<"b">>, <<"c">>]).
-define(PATIENCE_MS, 10000).

start() -> spawn(fun serve/0).

%% Loading a module reads a file while all processes wait, which would look like quiet.
load_all() ->
    application:load(stdlib),
    Libraries = [Modules || Name <- [kernel, stdlib], {ok, Modules} <- [application:get_key(Name, modules)]],
    code:ensure_modules_loaded(lists:append([[diff_json, diff_reason, diff_agent, diff_child] | Libraries])).

serve() ->
    process_flag(trap_exit, true),
    logger:set_primary_config(level, none),
    ok = load_all(),
    serve(open_port({fd, 0, 1}, [binary, eof, {line, 65536}]), <<>>).

serve(Port, Text) ->
    receive
        {Port, {data, {noeol, Part}}} -> serve(Port, <<Text/binary, Part/binary>>);
        {Port, {data, {eol, Part}}} ->
            port_command(Port, [diff_json:encode(outcome(<<Text/binary, Part/binary>>)), $\n]),
            serve(Port, <<>>);
        {Port, eof} -> halt(0)
    end.

outcome(Text) ->
    Before = processes(),
    {Runner, Ref} = spawn_monitor(fun() -> exit({outcome, run(diff_json:decode(Text))}) end),
    receive
        {'DOWN', Ref, process, Runner, {outcome, Outcome}} ->
            case leftovers(Before) of
                [] -> Outcome;
                Pids -> Outcome#{leftovers => length(Pids)}
            end;
        {'DOWN', Ref, process, Runner, Reason} ->
            #{broken => iolist_to_binary(io_lib:format("~0p", [Reason]))}
    end.

%% Everybody that a program has started is killed at its end; who is still there was not known.
leftovers(Before) ->
    quiesce(),
    Left = processes() -- Before,
    [exit(Pid, kill) || Pid <- Left],
    quiesce(),
    Left.

run(#{<<"steps">> := Steps}) ->
    State = #{
        pids => #{}, keys => #{}, refs => #{}, ref_keys => #{}, watch => #{}, alive => #{},
        supervisors => #{}, nested => [], starts => ets:new(starts, [public]), number => 0
    },
    {Outs, State1} = lists:mapfoldl(fun step/2, State, Steps),
    {Final, State2} = final(State1),
    clean_up(State2),
    #{steps => Outs, final => Final}.

step(Step, State0) ->
    State1 = State0#{got => [], life => [], died => #{}, settled => maps:get(alive, State0)},
    {Result, State2} = perform(Step, State1),
    State3 = settle(State2),
    #{died := Died} = State3,
    By = maps:get(<<"by">>, Step, null),
    Told = case Died of #{By := _} -> died; _ -> result(Result, State3) end,
    {report(Told, State3), State3}.

report(Result, #{got := Got, life := Life, died := Died} = State) ->
    #{
        result => Result,
        got => messages(Got, State),
        life => [[Path, Event] || {_, Path, Event} <- lists:sort(Life)],
        died => Died,
        names => maps:from_list([{Name, key(whereis(diff_agent:name(Name)), State)} || Name <- ?NAMES])
    }.

%% ---- what a step does -------------------------------------------------------------------------

perform(#{<<"by">> := <<"c">>} = Step, State) -> by_controller(Step, State);
perform(#{<<"by">> := By} = Step, #{alive := Alive} = State) when is_map_key(By, Alive) ->
    try operation(Step, State) of
        Operation -> ask(By, Step, Operation, State)
    catch
        throw:unborn -> {unborn, State}
    end;
perform(_, State) -> {dead, State}.

by_controller(#{<<"do">> := <<"spawn">>} = Step, State) ->
    {spawned, Pid, none} = diff_agent_spawn(Step),
    {true, known(maps:get(<<"as">>, Step), Pid, State)};
by_controller(#{<<"do">> := Do, <<"target">> := Target} = Step, State) ->
    try pid(Target, State) of
        Pid ->
            Pid ! case Do of
                <<"end">> -> {'$end', diff_reason:from_json(maps:get(<<"reason">>, Step))};
                <<"crash">> -> '$crash'
            end,
            {true, State}
    catch
        throw:unborn -> {unborn, State}
    end.

diff_agent_spawn(#{<<"as">> := Key, <<"trap">> := Trap, <<"hoard">> := Hoard}) ->
    {spawned, spawn(diff_agent, start, [self(), Key, #{trap => Trap, hoard => Hoard}]), none}.

ask(By, Step, Operation, #{pids := Pids, watch := Watch, number := Number} = State) ->
    #{By := Pid} = Pids,
    Pid ! {'$do', Number, Operation},
    receive
        {done, Number, Result} -> learn(Step, Result, State#{number := Number + 1});
        {'DOWN', Ref, process, Pid, Reason} when is_map_key(Ref, Watch) ->
            {died, event({'DOWN', Ref, process, Pid, Reason}, State#{number := Number + 1})}
    after ?PATIENCE_MS -> error({hangs, Step})
    end.

learn(#{<<"as">> := Key} = Step, {spawned, Pid, Ref}, State) ->
    State1 = case Ref of
        none -> State;
        _ -> learn_ref(maps:get(<<"monitor">>, Step), Ref, State)
    end,
    {true, known(Key, Pid, State1)};
learn(#{<<"as">> := Key}, {monitored, Ref}, State) -> {true, learn_ref(Key, Ref, State)};
learn(#{<<"as">> := Key} = Step, {supervisor, Pid}, #{supervisors := Supervisors} = State) ->
    #{nested := Nested} = State,
    State1 = State#{supervisors := Supervisors#{Key => Pid}, nested := Nested ++ nested_paths(Step)},
    {true, known(Key, Pid, State1)};
learn(#{<<"supervisor">> := Key}, {counts, Counts}, State) -> {{counts, counted(Key, Counts)}, State};
learn(_, Result, State) -> {Result, State}.

%% Nested supervisors are registered by their paths.
nested_paths(#{<<"as">> := Key, <<"spec">> := #{<<"children">> := Children}}) ->
    [<<Key/binary, $/, Id/binary>> || #{<<"id">> := Id, <<"nested">> := _} <- Children];
nested_paths(_) -> [].

%% OTP counts one spec of all dynamic children, Elixir as many as there are: not compared.
counted(<<$d, _/binary>>, Counts) -> lists:keydelete(specs, 1, Counts);
counted(_, Counts) -> Counts.

learn_ref(Key, Ref, #{refs := Refs, ref_keys := Keys} = State) ->
    State#{refs := Refs#{Key => Ref}, ref_keys := Keys#{Ref => Key}}.

known(Key, Pid, #{pids := Pids, keys := Keys, watch := Watch, alive := Alive} = State) ->
    State#{
        pids := Pids#{Key => Pid},
        keys := Keys#{Pid => Key},
        watch := Watch#{monitor(process, Pid) => Key},
        alive := Alive#{Key => true}
    }.

operation(#{<<"do">> := <<"spawn">>, <<"as">> := Key} = Step, _) ->
    #{<<"trap">> := Trap, <<"hoard">> := Hoard} = Step,
    Options = #{
        trap => Trap, hoard => Hoard,
        link => maps:get(<<"link">>, Step, false), monitor => is_map_key(<<"monitor">>, Step)
    },
    {spawn, Key, Options};
operation(#{<<"do">> := <<"link">>, <<"target">> := Target} = Step, State) ->
    {link, pid(Target, State), maps:get(<<"remote">>, Step, false)};
operation(#{<<"do">> := <<"unlink">>, <<"target">> := Target}, State) ->
    {unlink, pid(Target, State)};
operation(#{<<"do">> := <<"monitor">>, <<"target">> := Target}, State) ->
    {monitor, address(Target, State)};
operation(#{<<"do">> := <<"demonitor">>, <<"ref">> := Key} = Step, #{refs := Refs}) ->
    Options = [flush || maps:get(<<"flush">>, Step, false)] ++ [info || maps:get(<<"info">>, Step, false)],
    case Refs of
        #{Key := Ref} -> {demonitor, Ref, Options};
        _ -> throw(unborn)
    end;
operation(#{<<"do">> := <<"trap">>, <<"on">> := On}, _) -> {trap, On};
operation(#{<<"do">> := <<"exit">>, <<"reason">> := Reason, <<"caught">> := true}, _) ->
    {exit_caught, diff_reason:from_json(Reason)};
operation(#{<<"do">> := <<"exit">>, <<"reason">> := Reason}, _) ->
    {exit, diff_reason:from_json(Reason)};
operation(#{<<"do">> := <<"throw">>}, _) -> {throw, crashed};
operation(#{<<"do">> := <<"signal">>, <<"target">> := Target, <<"reason">> := Reason}, State) ->
    {signal, pid(Target, State), diff_reason:from_json(Reason)};
operation(#{<<"do">> := <<"send">>, <<"target">> := Target, <<"value">> := Value}, State) ->
    {send, address(Target, State), Value};
operation(#{<<"do">> := <<"register">>, <<"name">> := Name, <<"target">> := Target}, State) ->
    {register, diff_agent:name(Name), pid(Target, State)};
operation(#{<<"do">> := <<"unregister">>, <<"name">> := Name}, _) ->
    {unregister, diff_agent:name(Name)};
operation(#{<<"do">> := <<"whereis">>, <<"name">> := Name}, _) -> {whereis, diff_agent:name(Name)};
operation(#{<<"do">> := <<"drain">>}, _) -> drain;
operation(#{<<"do">> := <<"start_supervisor">>, <<"as">> := Key, <<"spec">> := Spec}, State) ->
    {start_supervisor, supervisor_spec(context(Key, State), Spec)};
operation(#{<<"do">> := <<"start_dynamic">>, <<"as">> := Key} = Step, State) ->
    #{<<"intensity">> := Intensity, <<"child">> := Child} = Step,
    Template = diff_child:template(context(Key, State), Child),
    {start_supervisor, {supervisor, simple_one_for_one, Intensity, [Template]}};
operation(#{<<"do">> := Do, <<"supervisor">> := Supervisor} = Step, State) ->
    {supervise, pid(Supervisor, State), supervision(Do, Step, State)}.

supervision(<<"start_child">>, #{<<"supervisor">> := Key, <<"child">> := Child}, State) ->
    {start_child, diff_child:spec(context(Key, State), Child)};
supervision(<<"start_dynamic_child">>, #{<<"id">> := Id}, _) -> {start_child, [Id]};
supervision(<<"terminate_dynamic_child">>, Step, #{alive := Alive, keys := Keys} = State) ->
    #{<<"supervisor">> := Supervisor, <<"id">> := Id} = Step,
    Pid = pid(<<Supervisor/binary, $/, Id/binary>>, State),
    %% OTP says ok of a dead one, Elixir not_found: not compared.
    is_map_key(maps:get(Pid, Keys), Alive) orelse throw(unborn),
    {terminate_child, Pid};
supervision(Do, #{<<"id">> := Id}, _) -> {binary_to_atom(Do), Id};
supervision(Do, _, _) -> binary_to_atom(Do).

context(Path, #{starts := Starts}) -> #{controller => self(), starts => Starts, path => Path}.

supervisor_spec(Context, Spec) ->
    #{<<"strategy">> := Strategy, <<"intensity">> := Intensity, <<"children">> := Children} = Spec,
    Specs = [diff_child:spec(Context, Child) || Child <- Children],
    {supervisor, binary_to_atom(Strategy), Intensity, Specs}.

address(<<$@, Name/binary>>, _) -> diff_agent:name(Name);
address(Target, State) -> pid(Target, State).

%% A process by its key, a child by its path: the newest that was born there.
pid(Target, #{pids := Pids}) ->
    case Pids of
        #{Target := Pid} -> Pid;
        _ -> throw(unborn)
    end.

%% ---- what happens then ------------------------------------------------------------------------

settle(State) ->
    quiesce(),
    case collect(State, false) of
        {true, State1} -> settle(State1);
        {false, State1} ->
            case lists:search(fun busy/1, watched(State1) ++ supervisors(State1)) of
                false -> nested(State1);
                {value, Pid} -> pass(Pid, State1), settle(State1)
            end
    end.

quiesce() ->
    erlang:yield(),
    case erlang:statistics(total_run_queue_lengths) of
        0 -> ok;
        _ -> quiesce()
    end.

collect(State, Changed) ->
    receive Event -> collect(event(Event, State), true)
    after 0 -> {Changed, State}
    end.

supervisors(#{supervisors := Supervisors, nested := Paths}) ->
    Nested = [whereis(diff_agent:name(Path)) || Path <- Paths],
    [Pid || Pid <- maps:values(Supervisors) ++ Nested, is_pid(Pid), is_process_alive(Pid)].

nested(#{pids := Pids, keys := Keys, nested := Paths} = State) ->
    Found = [{Path, whereis(diff_agent:name(Path))} || Path <- Paths],
    Alive = [{Path, Pid} || {Path, Pid} <- Found, is_pid(Pid)],
    State#{
        pids := maps:merge(Pids, maps:from_list(Alive)),
        keys := maps:merge(Keys, maps:from_list([{Pid, Path} || {Path, Pid} <- Alive]))
    }.

watched(#{alive := Alive, pids := Pids}) -> [maps:get(Key, Pids) || Key <- maps:keys(Alive)].

%% Everybody who has nothing to do waits in one of four functions. The dying are not there either.
busy(Pid) ->
    case process_info(Pid, [current_function, message_queue_len]) of
        [{current_function, {gen_server, loop, _}}, {message_queue_len, 0}] -> false;
        [{current_function, {diff_agent, loop, _}}, _] -> false;
        [{current_function, {diff_child, terminate, _}}, _] -> false;
        _ -> true
    end.

%% Until a supervisor answers, or a dying process is gone and its DOWN is here.
pass(Pid, #{supervisors := Supervisors}) ->
    case is_process_alive(Pid) andalso lists:member(Pid, maps:values(Supervisors)) of
        true -> catch supervisor:count_children(Pid);
        false -> receive after 1 -> ok end
    end.

event({got, Key, Message}, #{got := Got} = State) -> State#{got := [{Key, Message} | Got]};
event({born, Path, Number, Pid, Clock}, #{life := Life, pids := Pids} = State) ->
    Key = <<Path/binary, $#, (integer_to_binary(Number))/binary>>,
    State1 = known(Key, Pid, State#{life := [{Clock, top(Path), [born, Key]} | Life]}),
    State1#{pids := (maps:get(pids, State1))#{Path => Pid, Key => maps:get(Key, Pids, Pid)}};
event({gone, Key, Group, Reason, Clock}, #{life := Life} = State) ->
    State#{life := [{Clock, Group, [gone, Key, diff_reason:to_json(Reason)]} | Life]};
event({'DOWN', Ref, process, _, Reason}, #{watch := Watch} = State) when is_map_key(Ref, Watch) ->
    #{died := Died, alive := Alive, settled := Settled} = State,
    {Key, Watch1} = maps:take(Ref, Watch),
    %% Who was born and died within one step may be dead before it is watched.
    Why = case Settled of #{Key := _} -> diff_reason:to_json(Reason); _ -> dead end,
    State#{watch := Watch1, alive := maps:remove(Key, Alive), died := Died#{Key => Why}}.

top(Path) -> hd(binary:split(Path, <<"/">>)).

key(undefined, _) -> null;
key(Pid, #{keys := Keys}) -> maps:get(Pid, Keys, <<"?">>).

%% ---- what is told -----------------------------------------------------------------------------

messages(Got, State) ->
    [message(Entry, State) || Entry <- lists:reverse(Got), not is_failed_start(Entry, State)].

%% Up to OTP 25 the EXIT of a supervisor that did not start stays with a starter that traps; from
%% 26 on it does not (and here it does not).
is_failed_start({_, {'EXIT', Pid, {shutdown, {failed_to_start_child, _, _}}}}, #{keys := Keys}) ->
    not is_map_key(Pid, Keys);
is_failed_start(_, _) -> false.

message({To, {'EXIT', Pid, Reason}}, State) ->
    [To, key(Pid, State), <<"EXIT">>, diff_reason:to_json(Reason)];
message({To, {'DOWN', Ref, process, {Name, _}, Reason}}, #{ref_keys := Keys}) ->
    <<"diff_", Short/binary>> = atom_to_binary(Name),
    [To, <<"@", Short/binary>>, <<"DOWN">>, maps:get(Ref, Keys, <<"?">>), diff_reason:to_json(Reason)];
message({To, {'DOWN', Ref, process, Pid, Reason}}, #{ref_keys := Keys} = State) ->
    [To, key(Pid, State), <<"DOWN">>, maps:get(Ref, Keys, <<"?">>), diff_reason:to_json(Reason)];
message({To, {'$user', Pid, Value}}, State) -> [To, key(Pid, State), <<"user">>, Value];
message({To, Other}, _) -> [To, <<"?">>, iolist_to_binary(io_lib:format("~0p", [Other]))].

result(Pid, State) when is_pid(Pid) -> key(Pid, State);
result(undefined, _) -> null;
result({children, Children}, State) ->
    [[case Id of undefined -> null; _ -> Id end, child(Pid, State)] || {Id, Pid, _, _} <- Children];
result({counts, Counts}, _) -> maps:from_list(Counts);
result(Result, _) -> Result.

child(Pid, State) when is_pid(Pid) -> key(Pid, State);
child(undefined, _) -> null;
child(Word, _) -> Word.

final(State0) ->
    State1 = State0#{got => [], life => [], died => #{}, settled => maps:get(alive, State0)},
    #{alive := Alive, supervisors := Supervisors, pids := Pids, nested := Paths} = State1,
    Top = [Key || Key <- maps:keys(Supervisors), is_map_key(Key, Alive)],
    Nested = [Path || Path <- Paths, whereis(diff_agent:name(Path)) =/= undefined],
    Rows = [{Key, rows(Key, maps:get(Key, Pids), State1)} || Key <- Top ++ Nested],
    State2 = lists:foldl(fun drain/2, State1, lists:sort(maps:keys(Alive))),
    #{got := Got} = State3 = settle(State2),
    {#{
        alive => lists:sort(maps:keys(Alive)),
        got => messages(Got, State3),
        supervisors => maps:from_list(Rows)
    }, State3}.

rows(Key, Pid, State) ->
    #{
        children => result({children, supervisor:which_children(Pid)}, State),
        counts => result({counts, counted(Key, supervisor:count_children(Pid))}, State)
    }.

drain(Key, State) ->
    case binary:first(Key) of
        $p -> {_, State1} = ask(Key, #{}, drain, State), State1;
        _ -> State
    end.

clean_up(#{pids := Pids} = State) ->
    Known = maps:values(Pids),
    [exit(Pid, kill) || Pid <- supervisors(State) ++ Known],
    quiesce().
