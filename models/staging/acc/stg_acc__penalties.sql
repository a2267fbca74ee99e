with document_sessions as (
    select * from {{ ref('stg_acc__document_sessions') }}
),

drivers as (
    select * from {{ ref('stg_acc__race_drivers') }}
),

entries as (
    select distinct
        file_id,
        entry_id
    from drivers
),

kinds as (
    select * from {{ ref('penalty_kinds') }}
    where written_by = 'acc'
),

reasons as (
    select * from {{ ref('penalty_reasons') }}
    where written_by = 'acc'
),

listed as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        cast(penalties.line_number as integer) as line_number,
        coalesce({{ json_id('penalties.penalty', 'carId') }}, 'unknown') as entry_id,
        coalesce(
            {{ json_int('penalties.penalty', 'driverIndex', 0) }},
            {{ json_int('penalties.penalty', 'driverId', 0) }},
            0
        ) as driver_index,
        {{ json_text('penalties.penalty', 'penalty') }} as sim_kind,
        {{ json_text('penalties.penalty', 'reason') }} as sim_reason,
        {{ json_int('penalties.penalty', 'penaltyValue', 0, 86400) }} as told_value,
        {{ json_int('penalties.penalty', 'violationInLap', 0) }} as laps_before,
        {{ json_int('penalties.penalty', 'clearedInLap', 0) }} as laps_before_clearing
    from document_sessions
    cross join lateral (
        select
            given.penalty,
            given.line_number
        from {{ json_rows("document_sessions.event -> 'penalties'") }} with ordinality as given (penalty, line_number)
        union all
        select
            later.penalty,
            coalesce({{ json_length("document_sessions.event -> 'penalties'") }}, 0) + later.line_number
        from
            {{ json_rows("document_sessions.event -> 'post_race_penalties'") }}
            with ordinality as later (penalty, line_number)
    ) as penalties
),

known as (
    select
        listed.*,
        kinds.kind,
        kinds.is_penalty,
        kinds.stop_s,
        reasons.reason,
        kinds.kind in ('drive_through', 'stop_and_go') as is_to_serve,
        -- one that came too late to be served is cleared all the same: a time stands beside it
        bool_or(kinds.kind = 'time') over (
            partition by listed.file_id, listed.entry_id, listed.driver_index, listed.sim_reason, listed.laps_before
        ) as is_replaced
    from listed
    left join kinds on listed.sim_kind = kinds.sim_kind
    left join reasons on listed.sim_reason = reasons.sim_reason
)

-- Laps are counted from 0: those of which the best lap is removed are invalid one later. 0 stands for none as well.
select
    -- ids
    known.file_id,
    known.event_session_id,
    known.entry_id,
    drivers.entrant_id,
    drivers.driver_id,
    -- strings
    known.sim_kind,
    known.sim_reason,
    known.kind,
    known.reason,
    -- numerics
    known.line_number,
    1 + case
        when known.kind = 'no_action' then greatest(known.laps_before, known.laps_before_clearing)
        else known.laps_before
    end as lap_number,
    case
        when known.is_to_serve and known.laps_before_clearing > 0 and not coalesce(known.is_replaced, false)
            then 1 + known.laps_before_clearing
    end as served_lap_number,
    cast(case when known.kind = 'time' then known.told_value else known.stop_s end as numeric(10, 3)) as penalty_s,
    -- booleans
    known.is_penalty,
    case
        when known.is_to_serve then known.laps_before_clearing > 0 and not coalesce(known.is_replaced, false)
    end as is_served,
    case when known.kind = 'time' then true end as is_in_race_time,
    entries.entry_id is not null as is_known_entry
from known
left join entries on known.file_id = entries.file_id and known.entry_id = entries.entry_id
left join drivers
    on known.file_id = drivers.file_id
        and known.entry_id = drivers.entry_id
        and known.driver_index = drivers.driver_index
