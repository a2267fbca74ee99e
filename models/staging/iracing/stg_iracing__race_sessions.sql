-- materialized, or every reading of a member would parse its document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'iracing_results_json'
),

-- the API's answer as it is, the web interface's download round it, or a dump with the answer's headers
opened as (
    select
        file_id,
        source_format,
        case
            when {{ json_text('document', 'session_results') }} is not null then document
            when {{ json_text("document -> 'data'", 'session_results') }} is not null then document -> 'data'
            else document -> 'content'
        end as event,
        modified_at
    from documents
),

-- 3 is open practice, 4 and 5 are qualifying; one event can hold several races (heats and their feature)
races as (
    select
        opened.file_id,
        opened.source_format,
        coalesce({{ json_text('opened.event', 'subsession_id') }}, 'file-' || opened.file_id) as subsession_id,
        opened.event - 'session_results' as event,
        sessions.session,
        sessions.place,
        coalesce({{ json_int('sessions.session', 'simsession_number') }}, 0) as simsession_number,
        opened.modified_at
    from opened
    cross join
        lateral
        {{ json_rows("opened.event -> 'session_results'") }} with ordinality as sessions (session, place)
    where {{ json_int('sessions.session', 'simsession_type') }} = 6
),

-- a number that stands twice is the first one's
ranked as (
    select
        *,
        row_number() over (partition by file_id, simsession_number order by place) as session_rank
    from races
)

select
    file_id,
    source_format,
    subsession_id,
    event,
    session,
    simsession_number,
    modified_at
from ranked
where session_rank = 1
