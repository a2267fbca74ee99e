{%- set cutoff = results_cutoff() -%}

with penalties as (
    select * from {{ ref('int_penalties_united') }}
),

winners as (
    select
        file_id,
        event_session_id
    from {{ ref('int_event_session_files') }}
    where is_winner
),

decisions as (
    select
        decisions.*,
        kinds.kind,
        kinds.is_penalty,
        row_number() over (
            partition by decisions.race_id order by decisions.decided_at, decisions.entrant_id, decisions.decision
        ) as penalty_number
    from {{ ref('steward_decisions') }} as decisions
    left join {{ ref('penalty_kinds') }} as kinds
        on decisions.decision = kinds.sim_kind and kinds.written_by = 'steward'
    -- what they give is no penalty
    where decisions.decision <> 'points_bonus'
    {% if cutoff %} and decisions.decided_at <= {{ cutoff }} {% endif %}
),

event_sessions as (
    select race_id as event_session_id
    from {{ ref('int_races_as_of_cutoff') }}
    where is_over
    union all
    select event_session_id
    from {{ ref('int_event_sessions_deduplicated') }}
    where
        not is_race
        and {{ 'coalesce(coalesce(ended_at, started_at) <= ' ~ cutoff ~ ', true)' if cutoff else 'true' }}
),

-- a driver who is in the entry list twice has one result
entrants as (
    select
        race_id as event_session_id,
        entrant_id,
        driver_id
    from {{ ref('int_race_results_as_of_cutoff') }}
    union all
    select
        event_session_id,
        entrant_id,
        driver_id
    from {{ ref('int_practice_and_qualifying_results') }}
),

given as (
    select
        penalties.event_session_id,
        'sim' as source,
        penalties.line_number as penalty_number,
        penalties.entry_id,
        penalties.entrant_id,
        penalties.sim_kind,
        penalties.sim_reason,
        penalties.kind,
        penalties.reason,
        penalties.lap_number,
        penalties.served_lap_number,
        penalties.session_time_ms,
        penalties.penalty_s,
        penalties.penalty_laps,
        null as penalty_places,
        null as penalty_points,
        penalties.warning_points,
        penalties.is_penalty,
        penalties.is_served,
        penalties.is_in_race_time,
        penalties.is_known_entry,
        penalties.file_id
    from penalties
    inner join winners
        on penalties.file_id = winners.file_id and penalties.event_session_id = winners.event_session_id
    union all
    select
        race_id as event_session_id,
        'steward' as source,
        cast(penalty_number as integer) as penalty_number,
        null as entry_id,
        {{ pseudonymous_id('entrant_id') }} as entrant_id,
        decision as sim_kind,
        null as sim_reason,
        kind,
        -- a person wrote it, and may have named one
        {{ unless_pseudonymised('reason') }} as reason,
        null as lap_number,
        null as served_lap_number,
        null as session_time_ms,
        case when kind = 'time' then amount end as penalty_s,
        null as penalty_laps,
        case when kind = 'places' then amount end as penalty_places,
        case when kind = 'points' then amount end as penalty_points,
        null as warning_points,
        is_penalty,
        null as is_served,
        case when kind = 'time' then false end as is_in_race_time,
        true as is_known_entry,
        null as file_id
    from decisions
)

select
    given.event_session_id,
    given.source,
    given.penalty_number,
    given.entry_id,
    entrants.entrant_id,
    entrants.driver_id,
    given.sim_kind,
    given.sim_reason,
    given.kind,
    given.reason,
    given.lap_number,
    given.served_lap_number,
    given.session_time_ms,
    cast(given.penalty_s as numeric(10, 3)) as penalty_s,
    given.penalty_laps,
    cast(given.penalty_places as numeric(10, 3)) as penalty_places,
    cast(given.penalty_points as numeric(10, 3)) as penalty_points,
    cast(given.warning_points as numeric(8, 2)) as warning_points,
    given.is_penalty,
    given.is_served,
    given.is_in_race_time,
    given.is_known_entry and (given.source = 'sim' or entrants.entrant_id is not null) as is_known_entry,
    given.file_id
from given
inner join event_sessions on given.event_session_id = event_sessions.event_session_id
left join entrants
    on given.event_session_id = entrants.event_session_id and given.entrant_id = entrants.entrant_id
