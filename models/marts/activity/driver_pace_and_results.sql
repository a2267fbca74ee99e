with race_results as (
    select * from {{ ref('fct_race_results') }}
    where not is_ai
),

races as (
    select
        races.race_id,
        event_sessions.sim,
        event_sessions.layout_id,
        event_sessions.subsession_id,
        event_sessions.simsession_number,
        races.green_flag_at
    from {{ ref('dim_races') }} as races
    inner join {{ ref('dim_event_sessions') }} as event_sessions on races.race_id = event_sessions.event_session_id
    where races.green_flag_at is not null
),

cars as (
    select * from {{ ref('dim_cars') }}
),

sessions as (
    select
        sessions.session_id,
        sessions.sim,
        sessions.driver_id,
        sessions.layout_id,
        sessions.car_id,
        {{ car_class_key('sessions.sim', 'cars.car_class_name', 'sessions.car_id') }} as car_class_key,
        split_part(sessions.event_session_id, ':', 2) as subsession_id,
        {{ to_int("split_part(sessions.event_session_id, ':', 3)") }} as simsession_number,
        sessions.session_started_at
        -- iRacing's clock runs since its session began, not since the log did
        + ceiling(sessions.last_elapsed_s - case when sessions.sim = 'iracing' then sessions.first_elapsed_s else 0 end)
        * interval '1 second' as session_ended_at
    from {{ ref('int_telemetry_sessions') }} as sessions
    left join cars on sessions.car_id = cars.car_id
),

consistency as (
    select * from {{ ref('session_consistency') }}
    where best_lap_time_s is not null
),

entries as (
    select
        race_results.*,
        races.sim,
        races.layout_id,
        races.subsession_id,
        races.simsession_number,
        races.green_flag_at as began_at,
        {{ car_class_key('races.sim', 'race_results.car_class_name', 'race_results.car_id') }} as car_class_key
    from race_results
    inner join races on race_results.race_id = races.race_id
    -- drivers with telemetry
    where exists (
            select 1 from sessions
            where sessions.driver_id = race_results.driver_id
        )
),

-- Sessions on the layout in a car of the class that were over when the race began. Of an event only its start may be
-- known, so its own practice and qualifying are told by their numbers.
practised as (
    select
        entries.race_id,
        entries.entrant_id,
        consistency.session_id,
        consistency.pace_laps,
        consistency.best_lap_time_s,
        consistency.theoretical_best_s,
        consistency.lap_time_variation_ratio,
        row_number() over (
            partition by entries.race_id, entries.entrant_id
            order by consistency.best_lap_time_s, sessions.session_ended_at, consistency.session_id
        ) as best_rank
    from entries
    inner join sessions
        on
            entries.driver_id = sessions.driver_id
            and entries.layout_id = sessions.layout_id
            and entries.car_class_key = sessions.car_class_key
            and (
                entries.began_at >= sessions.session_ended_at
                or (
                    entries.sim = sessions.sim
                    and entries.subsession_id = sessions.subsession_id
                    and entries.simsession_number > sessions.simsession_number
                )
            )
    inner join consistency on sessions.session_id = consistency.session_id
),

summed as (
    select
        race_id,
        entrant_id,
        count(*) as sessions,
        sum(pace_laps) as pace_laps,
        min(best_lap_time_s) as best_lap_time_s,
        min(theoretical_best_s) as theoretical_best_s,
        max(case when best_rank = 1 then lap_time_variation_ratio end) as lap_time_variation_ratio
    from practised
    group by race_id, entrant_id
)

select
    entries.race_id,
    entries.entrant_id,
    entries.driver_id,
    entries.layout_id,
    entries.car_id,
    entries.car_class_name,
    entries.finish_position_in_class,
    entries.start_position_in_class,
    entries.incidents,
    entries.irating_before,
    entries.irating_change,
    cast(coalesce(summed.sessions, 0) as integer) as sessions_before,
    cast(coalesce(summed.pace_laps, 0) as integer) as pace_laps_before,
    cast(summed.best_lap_time_s as numeric(10, 3)) as best_lap_before_s,
    cast(summed.theoretical_best_s as numeric(10, 3)) as theoretical_best_before_s,
    cast(summed.lap_time_variation_ratio as numeric(10, 6)) as lap_time_variation_ratio_before,
    cast(cast(entries.best_lap_ms as numeric(12, 3)) / 1000 as numeric(10, 3)) as race_best_lap_s,
    cast(cast(entries.best_lap_ms as numeric(12, 3)) / 1000 - summed.best_lap_time_s as numeric(10, 3))
        as race_to_best_before_s,
    entries.began_at
from entries
left join summed on entries.race_id = summed.race_id and entries.entrant_id = summed.entrant_id
