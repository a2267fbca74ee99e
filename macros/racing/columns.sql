{# Columns of a race in every staging model of results, in order: one list, so that a union cannot mix them up. #}
{% macro race_columns() -%}
    {%- set columns = [
        'file_id', 'source_format', 'race_id', 'sim', 'subsession_id', 'iracing_session_id', 'series_id', 'season_id',
        'league_id', 'league_season_id', 'layout_id', 'track_id', 'license_category_id', 'series_name', 'season_name',
        'league_name', 'league_season_name', 'event_name', 'simsession_name', 'track_name', 'config_name',
        'license_category', 'simsession_number', 'season_year', 'season_quarter', 'file_strength_of_field',
        'corners_per_lap', 'cautions', 'caution_laps', 'lead_changes', 'is_official', 'is_wet', 'started_at',
        'ended_at', 'modified_at',
    ] -%}
    {{ return(columns) }}
{%- endmacro %}


{# Columns of an entrant's line in every staging model of results, in order. #}
{% macro race_result_columns() -%}
    {%- set columns = [
        'file_id', 'race_id', 'entrant_id', 'driver_id', 'team_id', 'car_id', 'car_class_id', 'entrant_name',
        'team_name', 'country_code', 'club_name', 'car_number', 'car_name', 'car_class_name', 'out_reason',
        'line_number', 'out_reason_id',
        'finish_position', 'finish_position_in_class', 'start_position', 'start_position_in_class', 'laps', 'laps_led',
        'race_time_ms', 'interval_ms', 'laps_down', 'average_lap_ms', 'best_lap_ms', 'best_lap_number',
        'qualifying_lap_ms', 'incidents', 'points', 'league_points', 'irating_before', 'irating_after',
        'license_level_before', 'license_level_after', 'safety_rating_before', 'safety_rating_after',
        'file_class_strength_of_field', 'is_team', 'is_ai',
    ] -%}
    {{ return(columns) }}
{%- endmacro %}


{# iRacing's licence categories as words, by their ids. #}
{% macro license_categories() -%}
    {{ return({
        '1': 'oval', '2': 'road', '3': 'dirt_oval', '4': 'dirt_road', '5': 'sports_car', '6': 'formula_car',
    }) }}
{%- endmacro %}


{# Of a race's columns those that nobody knows before it is over. #}
{% macro race_outcome_columns() -%}
    {{ return(['file_strength_of_field', 'cautions', 'caution_laps', 'lead_changes', 'is_wet']) }}
{%- endmacro %}


{# Of a line's columns those that nobody knows before the race is over; what is left is the entry list. #}
{% macro race_result_outcome_columns() -%}
    {%- set columns = [
        'out_reason', 'out_reason_id', 'finish_position', 'finish_position_in_class', 'laps', 'laps_led',
        'race_time_ms', 'interval_ms', 'laps_down', 'average_lap_ms', 'best_lap_ms', 'best_lap_number', 'incidents',
        'points', 'league_points', 'irating_after', 'license_level_after', 'safety_rating_after',
        'file_class_strength_of_field',
    ] -%}
    {{ return(columns) }}
{%- endmacro %}
