with results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is null and result_kind in ('race', 'qualifying')
),

event_sessions as (
    select
        file_id,
        event_session_id,
        sim,
        subsession_id,
        layout_id,
        event_name,
        simsession_number,
        result_kind,
        started_at,
        ended_at,
        count(*) over (partition by sim, subsession_id) as sessions_of_event,
        count(case when is_race then 1 end) over (partition by sim, subsession_id) as races_of_event
    from {{ ref('int_event_sessions_deduplicated') }}
),

lines as (
    select
        results.event_session_id,
        coalesce('team:' || results.team_id, results.entrant_id) as entry_id,
        results.result_kind,
        results.driver_id,
        results.entrant_name,
        count(results.driver_id) over (partition by results.event_session_id, results.entrant_name) as namesakes,
        results.finish_position,
        results.start_position,
        results.race_time_ms
    from results
    -- not a join: PostgreSQL would expect some ten results from it, and compare all with all below
    where
        exists (
            select 1 from event_sessions
            where
                event_sessions.file_id = results.file_id
                and event_sessions.event_session_id = results.event_session_id
        )
),

-- one place on the grid means that the file tells the grid
gridless_races as (
    select
        event_session_id,
        count(distinct entry_id) as entries,
        min(case when finish_position = 1 then race_time_ms end) as winner_time_ms
    from lines
    where result_kind = 'race'
    group by event_session_id
    having count(start_position) = 0
),

races as (
    select
        event_sessions.*,
        gridless_races.entries,
        coalesce(
            event_sessions.started_at,
            event_sessions.ended_at - gridless_races.winner_time_ms * interval '1 millisecond'
        ) as green_flag_at
    from event_sessions
    inner join gridless_races on event_sessions.event_session_id = gridless_races.event_session_id
),

-- Qualifying of the race's own event. Where each session has a file and an event of its own, as in ACC, it is the one
-- that ended just before on the same server, as far as the files name it.
pairs as (
    select
        races.event_session_id as race_id,
        races.entries,
        qualifying.event_session_id as qualifying_id,
        row_number() over (
            partition by races.event_session_id
            order by
                qualifying.ended_at desc nulls last,
                qualifying.simsession_number desc nulls last,
                qualifying.event_session_id desc
        ) as nearness
    from races
    inner join event_sessions as qualifying
        on races.sim = qualifying.sim
            and qualifying.result_kind = 'qualifying'
            and (
                (races.subsession_id = qualifying.subsession_id and races.races_of_event = 1)
                or (
                    races.sessions_of_event = 1
                    and qualifying.sessions_of_event = 1
                    and races.layout_id = qualifying.layout_id
                    and coalesce(races.event_name = qualifying.event_name, true)
                    and races.ended_at > qualifying.ended_at
                    and qualifying.ended_at
                    >= races.green_flag_at - {{ var('qualifying_before_race_s') }} * interval '1 second'
                    -- a second race starts otherwise
                    and not exists (
                        select 1
                        from event_sessions as between_races
                        where
                            between_races.result_kind = 'race'
                            and between_races.sim = races.sim
                            and between_races.layout_id = races.layout_id
                            and coalesce(between_races.event_name = races.event_name, true)
                            and between_races.ended_at > qualifying.ended_at
                            and between_races.ended_at < races.ended_at
                    )
                )
            )
),

-- Whoever of a car's drivers qualified it; a car's number can be another's in another session. ACC leaves out ids in
-- some files, and then a name that is there once tells the driver.
qualified as (
    select
        pairs.race_id,
        pairs.entries,
        race_lines.entry_id,
        min(qualifying_lines.finish_position) as qualifying_position
    from pairs
    inner join lines as race_lines on pairs.race_id = race_lines.event_session_id
    inner join lines as qualifying_lines
        on pairs.qualifying_id = qualifying_lines.event_session_id
            and race_lines.driver_id is not null
            and qualifying_lines.driver_id is not null
            and (
                race_lines.driver_id = qualifying_lines.driver_id
                or (
                    race_lines.entrant_name = qualifying_lines.entrant_name
                    and race_lines.namesakes = 1
                    and qualifying_lines.namesakes = 1
                )
            )
    where pairs.nearness = 1 and qualifying_lines.finish_position is not null
    group by pairs.race_id, pairs.entries, race_lines.entry_id
),

-- another server's qualifying has other drivers; who qualified and is not in the race leaves no gap on the grid
ranked as (
    select
        race_id,
        entry_id,
        rank() over (partition by race_id order by qualifying_position) as start_position,
        count(*) over (partition by race_id) as qualified_entries,
        entries
    from qualified
)

select
    race_id,
    entry_id,
    cast(start_position as integer) as start_position
from ranked
where 2 * qualified_entries >= entries
