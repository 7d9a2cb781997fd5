%% Says that it is up, and stays.
-module(relay).
-behaviour(application).
-behaviour(supervisor).
-export([start/2, stop/1, init/1]).

start(_Type, _Args) ->
    {ok, Version} = application:get_key(relay, vsn),
    io:format("relay ~s is up~n", [Version]),
    supervisor:start_link({local, relay}, ?MODULE, []).

stop(_State) ->
    ok.

init([]) ->
    {ok, {#{}, []}}.
