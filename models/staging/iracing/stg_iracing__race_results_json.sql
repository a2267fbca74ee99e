with document_sessions as (
    select * from {{ ref('stg_iracing__document_sessions') }}
),

entries as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        document_sessions.event,
        rows.entry,
        cast(rows.entry_number as integer) as entry_number,
        -- a team's own line has a negative team id and no driver
        {{ json_id('rows.entry', 'cust_id') }} is null
        and coalesce({{ json_int('rows.entry', 'team_id') }} < 0, false) as is_team
    from document_sessions
    cross join
        lateral
        {{ json_rows("document_sessions.session -> 'results'") }} with ordinality as rows (entry, entry_number)
),

-- a team's drivers are inside its line
lines as (
    select
        file_id,
        event_session_id,
        event,
        entry as line,
        entry,
        1000 * entry_number as line_number,
        is_team
    from entries
    union all
    select
        entries.file_id,
        entries.event_session_id,
        entries.event,
        drivers.driver as line,
        entries.entry,
        1000 * entries.entry_number + cast(drivers.driver_number as integer) as line_number,
        false as is_team
    from entries
    cross join
        lateral
        {{ json_rows("entries.entry -> 'driver_results'") }} with ordinality as drivers (driver, driver_number)
),

leaders as (
    select
        event_session_id,
        file_id,
        max({{ json_int('entry', 'laps_complete') }}) as leader_laps
    from entries
    where {{ json_int('entry', 'finish_position') }} = 0
    group by event_session_id, file_id
),

-- classes are described beside the sessions; in files before 2022 nothing else holds their names
classes as (
    select
        entries.file_id,
        {{ json_id('listed.class', 'car_class_id') }} as car_class_id,
        min({{ json_text('listed.class', 'short_name') }}) as car_class_name,
        max({{ json_int('listed.class', 'strength_of_field', 1) }}) as file_class_strength_of_field
    from entries
    cross join lateral {{ json_rows("entries.event -> 'car_classes'") }} as listed (class)
    where entries.entry_number = 1
    group by entries.file_id, {{ json_id('listed.class', 'car_class_id') }}
),

renamed as (
    select
        -- ids
        lines.file_id,
        lines.event_session_id,
        case when not lines.is_team then
                coalesce(
                    {{ json_id('lines.line', 'cust_id') }},
                    'name:' || {{ json_text('lines.line', 'display_name') }}
                )
        end as driver_key,
        case
            when {{ json_int('lines.entry', 'team_id') }} < 0 then {{ json_id('lines.entry', 'team_id') }}
        end as team_id,
        {{ json_id('lines.line', 'car_id') }} as car_key,
        {{ json_id('lines.line', 'car_class_id') }} as car_class_key,
        -- strings
        {{ json_text('lines.line', 'display_name') }} as entrant_name,
        {{ json_text('lines.entry', 'display_name') }} as entry_name,
        -- ZZ stands for no country
        nullif({{ json_text('lines.line', 'country_code') }}, 'ZZ') as country_code,
        {{ json_text('lines.line', 'club_name') }} as club_name,
        coalesce(
            {{ json_text("lines.line -> 'livery'", 'car_number') }},
            {{ json_text("lines.entry -> 'livery'", 'car_number') }}
        ) as car_number,
        {{ json_text('lines.line', 'car_name') }} as car_name,
        coalesce({{ json_text('lines.line', 'car_class_name') }}, classes.car_class_name) as car_class_name,
        {{ json_int('lines.line', 'reason_out_id') }} as out_reason_id,
        {{ json_text('lines.line', 'reason_out') }} as out_reason_text,
        -- numerics; places count from 0 in these files
        lines.line_number,
        {{ json_int('lines.line', 'finish_position', 0) }} + 1 as finish_position,
        {{ json_int('lines.line', 'finish_position_in_class', 0) }} + 1 as finish_position_in_class,
        {{ json_int('lines.line', 'starting_position', 0) }} + 1 as start_position,
        {{ json_int('lines.line', 'starting_position_in_class', 0) }} + 1 as start_position_in_class,
        {{ json_int('lines.line', 'laps_complete', 0) }} as laps,
        {{ json_int('lines.line', 'laps_lead', 0) }} as laps_led,
        {{ json_ms('lines.line', 'interval', 0) }} as interval_ms,
        case
            when {{ json_int('lines.line', 'interval') }} >= 0 then 0
            else greatest(leaders.leader_laps - {{ json_int('lines.entry', 'laps_complete', 0) }}, 0)
        end as laps_down,
        {{ json_ms('lines.line', 'average_lap') }} as average_lap_ms,
        {{ json_ms('lines.line', 'best_lap_time') }} as best_lap_ms,
        {{ json_int('lines.line', 'best_lap_num', 1) }} as best_lap_number,
        {{ json_ms('lines.line', 'qual_lap_time') }} as qualifying_lap_ms,
        {{ json_int('lines.line', 'incidents', 0) }} as incidents,
        {{ json_int('lines.line', 'champ_points', 0) }} as points,
        {{ json_int('lines.line', 'league_points', 0) }} as league_points,
        {{ json_int('lines.line', 'oldi_rating', 1) }} as irating_before,
        {{ json_int('lines.line', 'newi_rating', 1) }} as irating_after,
        {{ json_int('lines.line', 'old_license_level', 1) }} as license_level_before,
        {{ json_int('lines.line', 'new_license_level', 1) }} as license_level_after,
        {{ json_int('lines.line', 'old_sub_level', 0) }} as sub_level_before,
        {{ json_int('lines.line', 'new_sub_level', 0) }} as sub_level_after,
        classes.file_class_strength_of_field,
        -- booleans
        lines.is_team,
        coalesce({{ to_boolean(json_text('lines.line', 'ai')) }}, false) as is_ai
    from lines
    left join leaders on lines.event_session_id = leaders.event_session_id and lines.file_id = leaders.file_id
    left join classes
        on lines.file_id = classes.file_id
            and {{ json_id('lines.line', 'car_class_id') }} = classes.car_class_id
)

{{ finished_iracing_results(
    'renamed', has=['country_code', 'finish_position_in_class', 'start_position_in_class', 'file_class_strength_of_field']
) }}
