-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select
        documents.*,
        formats.sim
    from {{ ref('stg_files__documents') }} as documents
    inner join {{ ref('source_formats') }} as formats on documents.source_format = formats.source_format
    where documents.document ->> 'tag' = 'rFactorXML'
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'rfactor'
),

events as (
    select
        documents.*,
        events.child as event,
        {{ xml_texts('events.child') }} as texts
    from documents
    cross join lateral (
        select results.child
        from {{ xml_children('documents.document', 'RaceResults') }} as results
        order by results.place
        limit 1
    ) as events
),

-- what has elements of its own is a session
sessions as (
    select
        events.file_id,
        events.source_format,
        events.sim,
        events.modified_at,
        events.document,
        events.texts,
        sessions.child as session,
        sessions.place,
        {{ short_text("sessions.child ->> 'tag'") }} as simsession_name,
        {{ xml_texts('sessions.child') }} as session_texts
    from events
    cross join lateral {{ xml_children('events.event') }} as sessions
    where exists (select 1 from {{ xml_children('sessions.child') }} as parts)
),

described as (
    select
        *,
        {{ json_text('texts', 'ServerName') }} as server_name,
        {{ json_text('texts', 'TrackVenue') }} as track_name,
        nullif({{ json_text('texts', 'TrackCourse') }}, {{ json_text('texts', 'TrackVenue') }}) as config_name,
        to_timestamp({{ at_least(to_bigint(json_text('texts', 'DateTime')), 1, 4102444800) }}) as event_dated_at,
        to_timestamp({{ at_least(to_bigint(json_text('session_texts', 'DateTime')), 1, 4102444800) }})
            as session_dated_at,
        {{ to_timestamp_at("replace(" ~ json_text('texts', 'TimeString') ~ ", '/', '-')") }} as event_clock_at,
        {{ to_timestamp_at("replace(" ~ json_text('session_texts', 'TimeString') ~ ", '/', '-')") }}
            as session_clock_at
    from sessions
),

identified as (
    select
        *,
        coalesce(
            to_char(event_dated_at at time zone 'UTC', 'YYMMDD_HH24MISS')
            || '-' || concat_ws(' - ', coalesce(track_name, 'unknown'), config_name)
            || coalesce('-' || server_name, ''),
            {{ document_id('document') }}
        ) as subsession_id,
        -- an event can have a session of a kind again, after a restart or when a server goes round
        coalesce('-' || to_char(session_dated_at at time zone 'UTC', 'YYMMDD_HH24MISS'), '') as session_stamp,
        coalesce(session_dated_at, event_dated_at) as dated_at,
        case when session_dated_at is null then event_clock_at else session_clock_at end as clock_at
    from described
),

numbered as (
    select
        identified.*,
        coalesce(session_types.session_type, 'other') as session_type,
        case when session_types.session_type is null then identified.simsession_name end as unmapped_session_type,
        case when session_types.session_type = 'race' then cast(session_types.session_key as integer) end
            as race_number,
        coalesce(session_types.session_key, lower(identified.simsession_name)) || identified.session_stamp
            as session_key,
        cast(
            row_number() over (
                partition by identified.file_id, lower(identified.simsession_name), identified.session_stamp
                order by identified.place
            ) as integer
        ) as repeat_number
    from identified
    left join session_types on lower(identified.simsession_name) = session_types.sim_session_type
)

select
    file_id,
    source_format,
    sim,
    sim || ':' || subsession_id || ':' || session_key
    || case when repeat_number > 1 then '-' || repeat_number else '' end as event_session_id,
    subsession_id,
    session_type,
    unmapped_session_type,
    simsession_name,
    server_name,
    track_name,
    config_name,
    session,
    race_number as simsession_number,
    session_type = 'race' as is_race,
    -- the clock of the computer is in a zone of its own; further apart than that, neither is believed
    case when coalesce(dated_at - clock_at between interval '-15 hours' and interval '15 hours', true) then dated_at end
        as started_at,
    modified_at
from numbered
