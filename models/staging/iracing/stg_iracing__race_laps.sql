with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'iracing_laps_json'
),

events as (
    select * from {{ ref('iracing_lap_events') }}
),

-- the rows name no session, the index does; one that two sessions claim is of neither
sessions as (
    select
        chunk_file_id as file_id,
        min(event_session_id) as event_session_id,
        bool_and(is_race) as is_race
    from {{ ref('stg_iracing__chunk_indexes') }}
    where chunk_file_id is not null and event_session_id is not null
    group by chunk_file_id
    having count(distinct event_session_id) = 1
),

laps as (
    select
        documents.file_id,
        listed.lap,
        cast(listed.line_number as integer) as line_number,
        coalesce({{ json_id('listed.lap', 'cust_id') }}, {{ json_id('listed.lap', 'group_id') }}) as driver_key,
        coalesce({{ json_id('listed.lap', 'group_id') }}, {{ json_id('listed.lap', 'cust_id') }}) as entry_key,
        {{ json_int('listed.lap', 'lap_number', 0) }} as lap_number,
        nullif({{ json_ms('listed.lap', 'lap_time') }}, 0) as lap_time_ms,
        {{ json_int('listed.lap', 'interval', -99999999, 99999999) }} as interval,
        {{ json_text('listed.lap', 'interval_units') }} as interval_unit,
        documents.modified_at
    from documents
    cross join lateral {{ json_rows('documents.document') }} with ordinality as listed (lap, line_number)
    where jsonb_typeof(listed.lap) = 'object'
),

kinds as (
    select
        *,
        case when entry_key = driver_key then 'driver' else 'team' end as entry_kind
    from laps
)

select
    -- ids
    laps.file_id,
    sessions.event_session_id,
    {{ pseudonymous_id("laps.entry_kind || ':' || laps.entry_key") }} as entry_id,
    {{ pseudonymous_id("'driver:' || laps.driver_key") }} as entrant_id,
    {{ pseudonymous_id("'iracing:' || laps.driver_key") }} as driver_id,
    -- strings
    {{ pseudonym(json_text('laps.lap', 'display_name'), 'Driver') }} as driver_name,
    {{ short_text('happened.lap_events') }} as lap_events,
    -- numerics; behind the leader the interval is negative
    laps.line_number,
    laps.lap_number,
    0 as driver_index,
    laps.lap_time_ms,
    {{ json_ms('laps.lap', 'session_time') }} as session_time_ms,
    {{ json_int('laps.lap', 'lap_position', 1) }} as position_after_lap,
    case when laps.interval_unit = 'ms' and laps.interval <= 0 then -laps.interval end as gap_to_leader_ms,
    case when laps.interval_unit = 'lap' and laps.interval <= 0 then -laps.interval end as laps_down,
    -- booleans
    sessions.is_race as is_of_race,
    case
        when laps.lap_time_ms is null or happened.is_valid = false then false
        when happened.is_known = false then cast(null as boolean)
        else true
    end as is_valid,
    case
        when happened.is_pit_lap then true
        when jsonb_typeof(laps.lap -> 'lap_events') = 'array' and coalesce(happened.is_known, true) then false
    end as is_pit_lap,
    false as is_formation_lap,
    -- lineage
    laps.modified_at
from kinds as laps
left join sessions on laps.file_id = sessions.file_id
-- what an event means is in the seed; what is not there is told by its name alone
left join lateral (
    select
        string_agg(listed.lap_event, ', ' order by listed.place) as lap_events,
        bool_and(events.is_valid) as is_valid,
        bool_and(events.lap_event is not null) as is_known,
        bool_or(events.is_pit_lap) as is_pit_lap
    from
        jsonb_array_elements_text(
            case when jsonb_typeof(laps.lap -> 'lap_events') = 'array' then laps.lap -> 'lap_events' end
        ) with ordinality as listed (lap_event, place)
    left join events on lower(listed.lap_event) = events.lap_event
) as happened on true
