#!/usr/bin/env escript
%%! +S 1:1 +P 1000000
-mode(compile).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).
%% The same loads on Erlang/OTP: `actors.escript LOAD WARM_MS MEASURE_MS` prints one JSON line.

main([Name, Warm, Measure]) ->
    case Name of
        "idle" -> idle();
        _ ->
            {Operations, Run} = load(Name),
            repeat(list_to_integer(Warm), Run),
            Times = repeat(list_to_integer(Measure), Run),
            Middle = lists:nth(length(Times) div 2 + 1, lists:sort(Times)),
            io:format("{\"perSecond\":~.3f,\"middleUs\":~.3f}~n",
                      [1.0e9 * Operations / Middle, Middle / 1000 / Operations])
    end.

%% Times of each run, nanoseconds.
repeat(Ms, Run) ->
    repeat(erlang:monotonic_time(nanosecond) + Ms * 1000000, Run, []).
repeat(Until, Run, Times) ->
    From = erlang:monotonic_time(nanosecond),
    Run(),
    Now = erlang:monotonic_time(nanosecond),
    case Now < Until of
        true -> repeat(Until, Run, [Now - From | Times]);
        false -> [Now - From | Times]
    end.

load("tell") -> backlog(10000);
load("backlog200k") -> backlog(200000);
load("backlog1M") -> backlog(1000000);
load("fanOut") ->
    Me = self(),
    Pids = [spawn_link(fun() -> sink(Me, 1, 1) end) || _ <- lists:seq(1, 1000)],
    {1000, fun() -> [P ! {m, 1} || P <- Pids], wait(1000) end};
load("call") ->
    Pid = start(),
    {1000, fun() -> calls(Pid, 1000) end};
load("concurrentCalls") ->
    Pid = start(),
    {1000, fun() ->
        Requests = [gen_server:send_request(Pid, {add, N}) || N <- lists:seq(1, 1000)],
        [{reply, _} = gen_server:wait_response(R, 5000) || R <- Requests]
    end};
load("ring") ->
    Me = self(),
    First = spawn_link(fun() -> receive {next, Next} -> ring(Next, Me) end end),
    Last = lists:foldl(fun(_, Next) -> spawn_link(fun() -> ring(Next, Me) end) end, First,
                       lists:seq(2, 1000)),
    First ! {next, Last},
    {20000, fun() -> First ! 19999, receive done -> ok end end};
load("spawnAndStop") ->
    process_flag(trap_exit, true),
    {500, fun() -> lives(500) end};
load("spawnAndStopServer") ->
    process_flag(trap_exit, true),
    {500, fun() -> servers(500) end};
load("restart") ->
    logger:set_primary_config(level, none),
    Flags = #{strategy => one_for_one, intensity => 1000000, period => 1},
    persistent_term:put(flags, Flags),
    persistent_term:put(top, self()),
    {ok, _} = supervisor:start_link(?MODULE, supervisor),
    receive up -> ok end,
    {1, fun() ->
        gen_server:cast(child, crash),
        receive up -> ok end,
        2 = gen_server:call(child, {add, 1})
    end}.

backlog(Count) ->
    Me = self(),
    Pid = spawn_link(fun() -> sink(Me, Count, Count) end),
    {Count, fun() -> send(Pid, Count), wait(1) end}.

send(_, 0) -> ok;
send(Pid, N) -> Pid ! {m, N}, send(Pid, N - 1).

sink(Top, 0, Count) -> Top ! done, sink(Top, Count, Count);
sink(Top, Left, Count) -> receive {m, _} -> sink(Top, Left - 1, Count) end.

wait(0) -> ok;
wait(N) -> receive done -> wait(N - 1) end.

ring(Next, Top) ->
    receive
        0 -> Top ! done;
        N -> Next ! N - 1
    end,
    ring(Next, Top).

calls(_, 0) -> ok;
calls(Pid, N) -> _ = gen_server:call(Pid, {add, N}), calls(Pid, N - 1).

lives(0) -> ok;
lives(N) ->
    Name = list_to_atom("life" ++ integer_to_list(N)),
    {Pid, Ref} = spawn_opt(fun() -> receive stop -> ok end end, [link, monitor]),
    register(Name, Pid),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    receive {'EXIT', Pid, _} -> ok end,
    lives(N - 1).

servers(0) -> ok;
servers(N) ->
    Name = list_to_atom("life" ++ integer_to_list(N)),
    {ok, Pid} = gen_server:start_link({local, Name}, ?MODULE, quiet, []),
    gen_server:stop(Name),
    receive {'EXIT', Pid, _} -> ok end,
    servers(N - 1).

idle() ->
    Before = memory(),
    Pids = [begin {ok, P} = gen_server:start(?MODULE, quiet, []), P end || _ <- lists:seq(1, 100000)],
    After = memory(),
    io:format("{\"bytesEach\":~.3f}~n", [(After - Before) / length(Pids)]).

memory() ->
    erlang:garbage_collect(),
    erlang:memory(processes).

start() ->
    {ok, Pid} = gen_server:start_link(?MODULE, quiet, []),
    Pid.

init(supervisor) ->
    Child = #{id => child, start => {gen_server, start_link, [{local, child}, ?MODULE, loud, []]}},
    {ok, {persistent_term:get(flags), [Child]}};
init(loud) ->
    persistent_term:get(top) ! up,
    {ok, 0};
init(quiet) ->
    {ok, 0}.

handle_call({add, N}, _, State) -> {reply, N + 1, State}.
handle_cast(crash, _) -> error(crash).
handle_info(_, State) -> {noreply, State}.
