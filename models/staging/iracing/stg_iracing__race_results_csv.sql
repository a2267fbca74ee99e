with result_lines as (
    select * from {{ ref('stg_files__result_lines') }}
    where source_format = 'iracing_results_csv'
),

sessions as (
    select
        file_id,
        event_session_id
    from {{ ref('stg_iracing__event_sessions_csv') }}
),

cells as (
    select
        file_id,
        line_number,
        {{ id_text(blank_to_null(cell('Cust ID', 'Custid'))) }} as cust_id,
        {{ blank_to_null(cell('Name', 'Driver')) }} as entrant_name,
        {{ id_text(blank_to_null(cell('Team ID'))) }} as team_id,
        {{ id_text(blank_to_null(cell('Car ID'))) }} as car_key,
        {{ blank_to_null(cell('Car')) }} as car_name,
        {{ id_text(blank_to_null(cell('Car Class ID'))) }} as car_class_key,
        {{ blank_to_null(cell('Car Class')) }} as car_class_name,
        {{ blank_to_null(cell('Club')) }} as club_name,
        {{ blank_to_null(cell('Car #')) }} as car_number,
        {{ to_int(cell('Out ID')) }} as out_reason_id,
        {{ blank_to_null(cell('Out')) }} as out_reason_text,
        {{ to_int(cell('Fin Pos')) }} as finish_position,
        {{ to_int(cell('Start Pos')) }} as start_position,
        {{ to_int(cell('Laps Comp')) }} as laps,
        {{ to_int(cell('Laps Led')) }} as laps_led,
        -- behind the winner: -00.000, -12.345, -1:05.250, -1 L; a lone dash on a driver's line inside a team
        ltrim({{ cell('Interval') }}, '-') as interval_text,
        {{ lap_time_to_ms(cell('Average Lap Time')) }} as average_lap_ms,
        {{ lap_time_to_ms(cell('Fastest Lap Time')) }} as best_lap_ms,
        {{ to_int(cell('Fast Lap#')) }} as best_lap_number,
        {{ lap_time_to_ms(cell('Qualify Time')) }} as qualifying_lap_ms,
        {{ to_int(cell('Inc')) }} as incidents,
        {{ to_int(cell('Pts')) }} as points,
        {{ to_int(cell('League Points')) }} as league_points,
        {{ to_int(cell('Old iRating')) }} as old_irating,
        {{ to_int(cell('New iRating')) }} as new_irating,
        {{ to_int(cell('Old License Level')) }} as old_license_level,
        {{ to_int(cell('New License Level')) }} as new_license_level,
        {{ to_int(cell('Old License Sub-Level')) }} as old_sub_level,
        {{ to_int(cell('New License Sub-Level')) }} as new_sub_level,
        coalesce({{ to_boolean(cell('AI')) }}, false) as is_ai,
        case when cardinality(cells) <> cardinality(names) then 'wrong_number_of_cells' end as line_fault
    from result_lines
),

renamed as (
    select
        -- ids
        cells.file_id,
        sessions.event_session_id,
        coalesce(cells.cust_id, 'name:' || cells.entrant_name) as driver_key,
        -- without a team, the team's id is the driver's
        case
            when {{ to_int('cells.team_id') }} < 0 then cells.team_id
            -- a team's own line holds the number twice
            when {{ to_int('cells.cust_id') }} < 0 and not cells.is_ai then cells.cust_id
        end as team_id,
        cells.car_key,
        cells.car_class_key,
        -- strings
        cells.entrant_name,
        cells.club_name,
        cells.car_number,
        cells.car_name,
        cells.car_class_name,
        cells.out_reason_id,
        cells.out_reason_text,
        -- numerics
        cells.line_number,
        {{ at_least('cells.finish_position', 1) }} as finish_position,
        {{ at_least('cells.start_position', 1) }} as start_position,
        {{ at_least('cells.laps', 0) }} as laps,
        {{ at_least('cells.laps_led', 0) }} as laps_led,
        {{ lap_time_to_ms('cells.interval_text') }} as interval_ms,
        case
            when cells.interval_text like '% L' then {{ to_int("replace(cells.interval_text, ' L', '')") }}
            when {{ lap_time_to_ms('cells.interval_text') }} is not null then 0
        end as laps_down,
        {{ at_least('cells.average_lap_ms', 1, 99999999) }} as average_lap_ms,
        {{ at_least('cells.best_lap_ms', 1, 99999999) }} as best_lap_ms,
        {{ at_least('cells.best_lap_number', 1) }} as best_lap_number,
        {{ at_least('cells.qualifying_lap_ms', 1, 99999999) }} as qualifying_lap_ms,
        {{ at_least('cells.incidents', 0) }} as incidents,
        {{ at_least('cells.points', 0) }} as points,
        {{ at_least('cells.league_points', 0) }} as league_points,
        {{ at_least('cells.old_irating', 1) }} as irating_before,
        {{ at_least('cells.new_irating', 1) }} as irating_after,
        {{ at_least('cells.old_license_level', 1) }} as license_level_before,
        {{ at_least('cells.new_license_level', 1) }} as license_level_after,
        {{ at_least('cells.old_sub_level', 0) }} as sub_level_before,
        {{ at_least('cells.new_sub_level', 0) }} as sub_level_after,
        cells.line_fault,
        -- booleans
        coalesce({{ to_int('cells.cust_id') }} < 0, false) and not cells.is_ai as is_team,
        cells.is_ai
    from cells
    inner join sessions on cells.file_id = sessions.file_id
),

-- a team's line comes before those of its drivers and gives them its name
with_team as (
    select
        *,
        max(case when is_team then entrant_name end) over (partition by file_id, team_id) as entry_name
    from renamed
)

{{ finished_iracing_results('with_team', has=['line_fault']) }}
