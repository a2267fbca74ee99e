with lines as (
    select * from {{ ref('stg_assetto_corsa__server_lines') }}
),

kinds as (
    select * from {{ ref('penalty_kinds') }}
    where written_by = 'assetto_corsa'
),

-- a manager writes them into the line of the driver, three at most, the time in nanoseconds
listed as (
    select
        lines.file_id,
        lines.event_session_id,
        lines.car_place,
        lines.entrant_id,
        lines.driver_id,
        lines.is_race,
        lines.line,
        3 * lines.line_number + penalties.place - 3 as line_number,
        penalties.sim_kind
    from lines
    cross join lateral (
        select
            1 as place,
            'PenaltyTime' as sim_kind
        where
            {{ to_boolean(json_text('lines.line', 'HasPenalty')) }}
            and coalesce({{ json_id('lines.line', 'PenaltyTime') }}, '0') <> '0'
        union all
        select
            2 as place,
            'LapPenalty' as sim_kind
        where
            {{ to_boolean(json_text('lines.line', 'HasPenalty')) }}
            and coalesce({{ json_id('lines.line', 'LapPenalty') }}, '0') <> '0'
        union all
        select
            3 as place,
            'Disqualified' as sim_kind
        where {{ to_boolean(json_text('lines.line', 'Disqualified')) }}
    ) as penalties
)

select
    -- ids
    listed.file_id,
    listed.event_session_id,
    listed.car_place as entry_id,
    listed.entrant_id,
    listed.driver_id,
    -- strings
    listed.sim_kind,
    kinds.kind,
    -- numerics
    listed.line_number,
    cast(case
        when kinds.kind = 'time'
            then {{ at_least(
                to_bigint(json_text('listed.line', 'PenaltyTime')), 0, 99999999000000
            ) }} / 1000000000.0
    end as numeric(10, 3)) as penalty_s,
    case when kinds.kind = 'laps' then {{ json_int('listed.line', 'LapPenalty', 0) }} end as penalty_laps,
    -- booleans
    kinds.is_penalty,
    -- the total of the file is without it, and stg_assetto_corsa__race_results_server adds it
    case
        when kinds.kind = 'time'
            then listed.is_race and coalesce({{ json_int('listed.line', 'TotalTime', 1, 99999999) }} is not null, false)
    end as is_in_race_time,
    true as is_known_entry
from listed
left join kinds on listed.sim_kind = kinds.sim_kind
