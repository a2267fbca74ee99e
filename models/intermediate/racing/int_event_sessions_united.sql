{{ config(materialized='table') }}

{%- set columns = dict(event_session_columns(), unmapped_session_type='text') %}

with formats as (
    select * from {{ ref('source_formats') }}
),

united as (
    select {{ columns | join(', ') }}
    from {{ ref('int_event_sessions_read') }}
    union all
    select
        {{ aligned(columns, 'stg_iracing__event_sessions_log') | indent(8) }}
    from {{ ref('stg_iracing__event_sessions_log') }}
),

-- what a CSV of iRacing can tell: a warm-up looks like practice there
kinds as (
    select
        *,
        case when session_type = 'warmup' then 'practice' else session_type end as session_kind,
        -- a file made before the race may hold a practice under the number that the race later got
        bool_or(is_race) over (partition by event_session_id) as is_number_of_race
    from united
),

numbers as (
    select
        sim,
        subsession_id,
        session_kind,
        event_session_id,
        simsession_number,
        row_number() over (
            partition by sim, subsession_id, session_kind order by simsession_number, event_session_id, file_id
        ) as number_rank
    from kinds
    where simsession_number is not null and not is_number_of_race
),

-- a session whose file does not say its number has that of its kind in another file of the event
numbered as (
    select
        kinds.*,
        coalesce(numbers.event_session_id, kinds.event_session_id) as numbered_session_id,
        coalesce(kinds.simsession_number, numbers.simsession_number) as known_simsession_number
    from kinds
    left join numbers
        on kinds.sim = numbers.sim
            and kinds.subsession_id = numbers.subsession_id
            and kinds.session_kind = numbers.session_kind
            and numbers.number_rank = 1
            and kinds.simsession_number is null
)

select
    numbered.file_id,
    numbered.numbered_session_id as event_session_id,
    numbered.event_session_id as file_session_id,
    numbered.known_simsession_number as simsession_number,
    {% for column in event_session_columns() | reject(
        'in', ['file_id', 'event_session_id', 'simsession_number', 'license_category_id', 'ended_at']
    ) -%}
        numbered.{{ column }},
    {% endfor -%}
    numbered.unmapped_session_type,
    -- an end before the start is none: the file does not tell which of the two is wrong
    case when not coalesce(numbered.ended_at < numbered.started_at, false) then numbered.ended_at end as ended_at,
    -- races are grouped by category; a race that names none has the category none
    coalesce(numbered.license_category_id, 'none') as license_category_id,
    case
        when numbered.is_race then 'race'
        when numbered.session_type = 'qualifying' then 'qualifying'
        when numbered.session_type in ('practice', 'warmup') then 'practice'
    end as result_kind,
    -- a log tells the results of its race too, and every file of results tells more of them
    coalesce(case when formats.format_family = 'results' then formats.source_rank end, 1000) as source_rank
from numbered
left join formats on numbered.source_format = formats.source_format
