with document_sessions as (
    select * from {{ ref('stg_sms__document_sessions') }}
),

-- No joins from here on: PostgreSQL expects one row of what it unpacks
listed as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        document_sessions.sim,
        document_sessions.is_race,
        document_sessions.people,
        document_sessions.ids_by_name,
        entries.entry,
        entries.entry_kind,
        cast(entries.line_number as integer) as line_number,
        {{ json_id('entries.entry', 'refid') }} as connection_id
    from document_sessions
    cross join lateral (
        select
            lines.entry,
            'result' as entry_kind,
            lines.line_number
        from {{ json_rows("document_sessions.stage -> 'results'") }} with ordinality as lines (entry, line_number)
        union all
        select
            happened.entry,
            'lap' as entry_kind,
            happened.line_number
        from {{ json_rows("document_sessions.stage -> 'events'") }} with ordinality as happened (entry, line_number)
        where happened.entry ->> 'event_name' = 'Lap'
    ) as entries
),

-- the name can be empty where the driver is listed, and right where the server lists who is there
named as (
    select
        *,
        coalesce({{ json_text('entry', 'name') }}, {{ json_text("people -> connection_id", 'name') }}) as driver_name,
        coalesce(not {{ to_boolean(json_text('entry', 'is_player')) }}, false) as is_ai
    from listed
),

keyed as (
    select
        *,
        coalesce(
            case
                when not is_ai
                    then coalesce(people -> connection_id ->> 'steam_id', ids_by_name ->> driver_name)
            end,
            'name:' || driver_name
        ) as driver_key
    from named
)

select
    file_id,
    event_session_id,
    sim,
    entry_kind,
    line_number,
    coalesce(connection_id, 'unknown') as entry_id,
    {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
    {{ pseudonymous_id("sim || ':' || driver_key") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    entry -> 'attributes' as attributes,
    is_race,
    is_ai
from keyed
