{{ config(materialized='table') }}

with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
),

-- a second line of an entrant takes nothing from the others, so it is no reason to withhold them
faults as (
    select
        file_id,
        event_session_id,
        {{ has_too_many_bad_lines("count(nullif(refused_reason, 'repeated_entrant'))", 'count(*)') }} as is_withheld
    from {{ ref('int_race_results_united') }}
    group by file_id, event_session_id
),

judged as (
    select
        event_sessions.*,
        coalesce(faults.is_withheld, false) as is_withheld
    from event_sessions
    left join faults
        on event_sessions.file_id = faults.file_id and event_sessions.event_session_id = faults.event_session_id
),

-- One file gives all of a session; the time of landing does not matter. A file made before the race may hold a practice
-- under the number that the race later got.
ranked as (
    select
        *,
        row_number() over (
            partition by event_session_id
            order by is_race desc, is_withheld asc, source_rank asc, modified_at desc nulls last, file_id asc
        ) as file_rank
    from judged
)

select
    file_id,
    event_session_id,
    source_format,
    case when is_withheld then 'withheld' when file_rank = 1 then 'winner' else 'superseded' end as state,
    source_rank,
    cast(file_rank as integer) as file_rank,
    is_race,
    file_rank = 1 and not is_withheld as is_winner,
    modified_at
from ranked
