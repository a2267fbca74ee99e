-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select
        documents.file_id,
        documents.source_format,
        formats.sim,
        documents.stats,
        documents.modified_at
    from (
        select
            file_id,
            source_format,
            document -> 'stats' as stats,
            modified_at
        from {{ ref('stg_files__documents') }}
        where source_format in ('ams2_stats_json', 'project_cars2_stats_json', 'project_cars_stats_json')
        union all
        select
            file_id,
            source_format,
            stats,
            modified_at
        from {{ ref('stg_sms__ams2_stats_documents') }}
    ) as documents
    inner join {{ ref('source_formats') }} as formats on documents.source_format = formats.source_format
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'sms'
),

events as (
    select
        documents.file_id,
        events.event,
        events.place,
        {{ json_id("events.event -> 'setup'", 'TrackId') }} as track_id,
        {{ json_id('events.event', 'index') }} as event_number,
        to_timestamp({{ at_least(to_bigint(json_text('events.event', 'start_time')), 1, 4102444800) }}) as opened_at
    from documents
    cross join lateral {{ json_rows("documents.stats -> 'history'") }} with ordinality as events (event, place)
    where jsonb_typeof(events.event) = 'object'
),

-- who a number stands for as long as he stays; who left is no member any more
people as (
    select
        events.file_id,
        events.place,
        {{ id_text(short_text('listed.connection_id')) }} as connection_id,
        {{ json_id('listed.person', 'steamid') }} as steam_id,
        {{ json_text('listed.person', 'name') }} as person_name,
        2 as preference
    from events
    cross join
        lateral
        {{ json_members("events.event -> 'members'") }} as listed (connection_id, person)
    union all
    select
        events.file_id,
        events.place,
        {{ json_id('listed.person', 'RefId') }} as connection_id,
        nullif({{ json_id('listed.person', 'SteamID') }}, '0') as steam_id,
        {{ json_text('listed.person', 'Name') }} as person_name,
        1 as preference
    from events
    cross join lateral (
        select parts.person
        from {{ json_rows("events.event -> 'participants'") }} as parts (person)
        union all
        select parts.person
        from {{ json_members("events.event -> 'participants'") }} as parts (place, person)
    ) as listed
),

event_people as (
    select
        file_id,
        place,
        jsonb_object_agg(
            connection_id,
            jsonb_build_object('steam_id', steam_id, 'name', person_name)
            order by steam_id is not null, preference, steam_id, person_name
        ) as people
    from people
    where connection_id is not null
    group by file_id, place
),

named as (
    select
        file_id,
        person_name,
        steam_id
    from people
    union
    select
        documents.file_id,
        {{ json_text('players.player', 'name') }} as person_name,
        {{ id_text(short_text('players.steam_id')) }} as steam_id
    from documents
    cross join
        lateral
        {{ json_members("documents.stats -> 'players'") }} as players (steam_id, player)
),

-- a name that the server knows of one person alone
single_names as (
    select
        file_id,
        person_name,
        min(steam_id) as steam_id
    from named
    where person_name is not null and steam_id is not null
    group by file_id, person_name
    having count(distinct steam_id) = 1
),

file_names as (
    select
        file_id,
        jsonb_object_agg(person_name, steam_id) as ids_by_name
    from single_names
    group by file_id
),

stages as (
    select
        events.*,
        {{ short_text('stages.stage_name') }} as simsession_name,
        stages.stage,
        to_timestamp({{ at_least(to_bigint(json_text('stages.stage', 'start_time')), 1, 4102444800) }}) as started_at,
        to_timestamp({{ at_least(to_bigint(json_text('stages.stage', 'end_time')), 1, 4102444800) }}) as ended_at
    from events
    cross join
        lateral
        {{ json_members("events.event -> 'stages'") }} as stages (stage_name, stage)
    -- the server opens sessions in which nobody drives
    where
        {{ json_length("stages.stage -> 'results'") }} > 0
        or exists (
            select 1
            from {{ json_rows("stages.stage -> 'events'") }} as happened (what)
            where happened.what ->> 'event_name' = 'Lap'
        )
),

-- the name of the server is no part of it: a league writes that of its round there
identified as (
    select
        *,
        coalesce(
            coalesce(
                {{ json_text('event', 'ams2_stats_uid') }}, to_char(opened_at at time zone 'UTC', 'YYMMDD_HH24MISS')
            ) || '-' || coalesce(track_id, 'unknown') || coalesce('-' || event_number, ''),
            {{ document_id('event') }}
        ) as subsession_id,
        coalesce('-' || to_char(started_at at time zone 'UTC', 'YYMMDD_HH24MISS'), '') as session_stamp
    from stages
),

-- a list can hold an event twice
numbered as (
    select
        *,
        row_number() over (
            partition by file_id, subsession_id, lower(simsession_name), session_stamp order by place, simsession_name
        ) as repeat_number
    from identified
)

select
    numbered.file_id,
    documents.source_format,
    documents.sim,
    documents.sim || ':' || numbered.subsession_id || ':'
    || coalesce(session_types.session_key, lower(numbered.simsession_name)) || numbered.session_stamp
    || case when numbered.repeat_number > 1 then '-' || numbered.repeat_number else '' end as event_session_id,
    numbered.subsession_id,
    numbered.track_id,
    coalesce(session_types.session_type, 'other') as session_type,
    case when session_types.session_type is null then numbered.simsession_name end as unmapped_session_type,
    numbered.simsession_name,
    {{ json_text("documents.stats -> 'server'", 'name') }} as server_name,
    numbered.stage,
    event_people.people,
    file_names.ids_by_name,
    case when session_types.session_type = 'race' then cast(session_types.session_key as integer) end
        as simsession_number,
    coalesce(session_types.session_type = 'race', false) as is_race,
    coalesce(numbered.started_at, numbered.opened_at) as started_at,
    -- 0 is a session that goes on
    case when numbered.ended_at >= coalesce(numbered.started_at, numbered.opened_at) then numbered.ended_at end
        as ended_at,
    documents.modified_at
from numbered
inner join documents on numbered.file_id = documents.file_id
left join event_people on numbered.file_id = event_people.file_id and numbered.place = event_people.place
left join file_names on numbered.file_id = file_names.file_id
left join session_types on lower(numbered.simsession_name) = session_types.sim_session_type
