-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'iracing_results_json'
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'iracing'
),

-- the API's answer itself, a download of the results page around it, or a dump with the answer's headers
opened as (
    select
        file_id,
        source_format,
        coalesce(
            {{ iracing_event('document') }},
            {{ iracing_event("document -> 'data'") }},
            {{ iracing_event("document -> 'content'") }}
        ) as event,
        modified_at
    from documents
),

sessions as (
    select
        opened.file_id,
        opened.source_format,
        coalesce({{ json_id('opened.event', 'subsession_id') }}, {{ document_id('opened.event') }}) as subsession_id,
        opened.event - 'session_results' as event,
        sessions.session,
        sessions.place,
        coalesce({{ json_int('sessions.session', 'simsession_number') }}, 0) as simsession_number,
        {{ json_id('sessions.session', 'simsession_type') }} as simsession_type,
        upper({{ json_text('sessions.session', 'simsession_name') }}) as simsession_name,
        opened.modified_at
    from opened
    cross join
        lateral
        {{ json_rows("opened.event -> 'session_results'") }} with ordinality as sessions (session, place)
    where jsonb_typeof(sessions.session) = 'object'
),

described as (
    {{ session_kinds('sessions', 'simsession_type', 'kind') }}
),

-- The number does not tell the kind: 0 is the main race, or a practice if the event never got to its race. If two races
-- have the same number, the first is the race.
typed as (
    select
        *,
        case when kind = 'race' and simsession_number <> 0 then 'heat' else kind end as session_type,
        row_number() over (
            partition by file_id, simsession_number order by kind = 'race' desc, place
        ) as number_rank
    from described
)

select
    file_id,
    source_format,
    'iracing:' || subsession_id || ':' || simsession_number
    || case when number_rank > 1 then '-' || number_rank else '' end as event_session_id,
    subsession_id,
    event,
    session,
    session_type,
    unmapped_session_type,
    simsession_number,
    session_type in ('race', 'heat') and number_rank = 1 as is_race,
    modified_at
from typed
