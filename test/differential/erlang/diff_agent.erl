%% The process of a program that does what it is told, in its own name. An eager one reports every
%% message as it comes; a hoarder lets them lie until it is told to drain.
-module(diff_agent).
-export([start/3, name/1]).

%% The registered names of programs, kept apart from the node's own.
name(Name) -> binary_to_atom(<<"diff_", Name/binary>>).

start(Controller, Key, #{trap := Trap, hoard := Hoard}) ->
    process_flag(trap_exit, Trap),
    loop(Controller, Key, Hoard).

loop(Controller, Key, true) ->
    receive {'$do', Number, Operation} -> obey(Controller, Key, Number, Operation) end,
    loop(Controller, Key, true);
loop(Controller, Key, false) ->
    receive
        {'$do', Number, Operation} -> obey(Controller, Key, Number, Operation);
        Message -> Controller ! {got, Key, Message}
    end,
    loop(Controller, Key, false).

obey(Controller, Key, Number, drain) ->
    drain(Controller, Key),
    Controller ! {done, Number, true};
obey(Controller, _Key, Number, Operation) ->
    Controller ! {done, Number, do(Controller, Operation)}.

drain(Controller, Key) ->
    receive Message -> Controller ! {got, Key, Message}, drain(Controller, Key)
    after 0 -> ok
    end.

do(Controller, {spawn, Key, Options}) ->
    Flags = [link || maps:get(link, Options)] ++ [monitor || maps:get(monitor, Options)],
    case spawn_opt(?MODULE, start, [Controller, Key, Options], Flags) of
        {Pid, Ref} -> {spawned, Pid, Ref};
        Pid -> {spawned, Pid, none}
    end;
do(_, {link, Pid, Remote}) ->
    %% What OTP does for a dead process of another node: no exception, but an exit signal.
    case Remote andalso not is_process_alive(Pid) of
        true -> exit_or_message(Pid);
        false -> try link(Pid) catch error:noproc -> noproc end
    end;
do(_, {unlink, Pid}) -> unlink(Pid);
do(_, {monitor, Target}) -> {monitored, monitor(process, Target)};
do(_, {demonitor, Ref, Options}) -> demonitor(Ref, Options);
do(_, {trap, On}) -> process_flag(trap_exit, On);
do(_, {exit, Reason}) -> exit(Reason);
do(_, {exit_caught, Reason}) -> try exit(Reason) catch exit:Reason -> caught end;
do(_, {throw, Error}) -> error(Error);
do(_, {signal, Pid, Reason}) -> exit(Pid, Reason);
do(_, {send, Target, Value}) ->
    try Target ! {'$user', self(), Value}, true catch error:badarg -> badarg end;
do(_, {register, Name, Pid}) -> try register(Name, Pid) catch error:badarg -> badarg end;
do(_, {unregister, Name}) -> try unregister(Name) catch error:badarg -> badarg end;
do(_, {whereis, Name}) -> whereis(Name);
do(_, {start_supervisor, Spec}) ->
    case supervisor:start_link(diff_child, Spec) of
        {ok, Pid} -> {supervisor, Pid};
        {error, Reason} -> #{failed => diff_reason:to_json(Reason)}
    end;
do(_, {supervise, Pid, Operation}) ->
    try supervise(Pid, Operation)
    catch exit:{Reason, {gen_server, call, _}} -> #{exits => diff_reason:to_json(Reason)}
    end.

exit_or_message(Pid) ->
    case process_info(self(), trap_exit) of
        {trap_exit, true} -> link(Pid);
        {trap_exit, false} -> exit(self(), noproc)
    end.

supervise(Pid, {start_child, Spec}) ->
    case supervisor:start_child(Pid, Spec) of
        {error, {{already_started, _}, _}} -> already_started;
        {error, {Reason, Child}} when element(1, Child) =:= child -> failed(Reason);
        {error, {already_started, _}} -> already_started;
        {error, already_present} -> already_present;
        {error, Reason} -> failed(Reason);
        {ok, undefined} -> ignored;
        {ok, _} -> started
    end;
supervise(Pid, {terminate_child, Id}) -> verdict(supervisor:terminate_child(Pid, Id));
supervise(Pid, {delete_child, Id}) -> verdict(supervisor:delete_child(Pid, Id));
supervise(Pid, {restart_child, Id}) -> verdict(supervisor:restart_child(Pid, Id));
supervise(Pid, which_children) -> {children, supervisor:which_children(Pid)};
supervise(Pid, count_children) -> {counts, supervisor:count_children(Pid)}.

verdict(ok) -> true;
verdict({ok, undefined}) -> ignored;
verdict({ok, _}) -> started;
%% The name is taken; our AlreadyStarted does not tell that from a child that runs.
verdict({error, {already_started, _}}) -> running;
verdict({error, Known}) when Known =:= running; Known =:= restarting; Known =:= not_found -> Known;
verdict({error, Reason}) -> failed(Reason).

failed(Reason) -> #{failed => diff_reason:to_json(Reason)}.
