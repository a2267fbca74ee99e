{% macro event_session_columns() -%}
    {{ return({
        'file_id': 'text', 'source_format': 'text', 'event_session_id': 'text', 'subsession_id': 'text',
        'iracing_session_id': 'text', 'series_id': 'text', 'season_id': 'text', 'league_id': 'text',
        'league_season_id': 'text', 'layout_id': 'text', 'track_id': 'text', 'license_category_id': 'text',
        'sim': 'text', 'session_type': 'text', 'series_name': 'text', 'season_name': 'text', 'league_name': 'text',
        'league_season_name': 'text', 'event_name': 'text', 'simsession_name': 'text', 'track_name': 'text',
        'config_name': 'text', 'license_category': 'text',
        'simsession_number': 'integer', 'season_year': 'integer', 'season_quarter': 'integer',
        'file_strength_of_field': 'integer', 'corners_per_lap': 'integer', 'cautions': 'integer',
        'caution_laps': 'integer', 'lead_changes': 'integer', 'result_lines': 'integer',
        'is_race': 'boolean', 'is_official': 'boolean', 'is_wet': 'boolean',
        'started_at': 'timestamptz', 'ended_at': 'timestamptz', 'modified_at': 'timestamptz',
    }) }}
{%- endmacro %}


{% macro race_columns() -%}
    {%- set columns = event_session_columns() | list -%}
    {{ return(['race_id'] + (columns | reject('in', ['event_session_id', 'is_race', 'result_lines']) | list)) }}
{%- endmacro %}


{% macro aligned(columns, model_name) -%}
    {%- set model = adapter.get_relation(target.database, generate_schema_name('staging', none), model_name) if execute -%}
    {%- set has = adapter.get_columns_in_relation(model) | map(attribute='name') | list if model else columns -%}
    {%- for column, type in columns.items() -%}
        {{ column if column in has else 'cast(null as ' ~ type ~ ') as ' ~ column }}
        {%- if not loop.last %},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro race_result_columns() -%}
    {{ return({
        'file_id': 'text', 'event_session_id': 'text', 'entrant_id': 'text', 'driver_id': 'text', 'team_id': 'text',
        'car_id': 'text', 'car_class_id': 'text', 'entrant_name': 'text', 'team_name': 'text', 'country_code': 'text',
        'club_name': 'text', 'car_number': 'text', 'car_name': 'text', 'car_class_name': 'text', 'out_reason': 'text',
        'line_number': 'integer', 'out_reason_id': 'integer',
        'finish_position': 'integer', 'finish_position_in_class': 'integer', 'start_position': 'integer',
        'start_position_in_class': 'integer', 'laps': 'integer', 'laps_led': 'integer', 'race_time_ms': 'integer',
        'interval_ms': 'integer', 'laps_down': 'integer', 'average_lap_ms': 'integer', 'best_lap_ms': 'integer',
        'best_lap_number': 'integer', 'qualifying_lap_ms': 'integer', 'incidents': 'integer', 'points': 'integer',
        'league_points': 'integer', 'irating_before': 'integer', 'irating_after': 'integer',
        'license_level_before': 'integer', 'license_level_after': 'integer',
        'safety_rating_before': 'numeric(6, 2)', 'safety_rating_after': 'numeric(6, 2)',
        'file_class_strength_of_field': 'integer', 'is_team': 'boolean', 'is_ai': 'boolean',
    }) }}
{%- endmacro %}


{% macro race_lap_columns() -%}
    {{ return({
        'file_id': 'text', 'event_session_id': 'text', 'entry_id': 'text', 'entrant_id': 'text', 'driver_id': 'text',
        'line_number': 'integer', 'lap_number': 'integer', 'driver_index': 'integer', 'lap_time_ms': 'integer',
        'sector_1_ms': 'integer', 'sector_2_ms': 'integer', 'sector_3_ms': 'integer',
        'session_time_ms': 'integer', 'crossing_number': 'integer',
        'tyre_compound_front': 'text', 'tyre_compound_rear': 'text',
        'tyre_tread_front_left_fraction': 'numeric(6, 3)', 'tyre_tread_front_right_fraction': 'numeric(6, 3)',
        'tyre_tread_rear_left_fraction': 'numeric(6, 3)', 'tyre_tread_rear_right_fraction': 'numeric(6, 3)',
        'fuel_fraction': 'numeric(6, 3)', 'fuel_used_fraction': 'numeric(6, 3)',
        'virtual_energy_fraction': 'numeric(6, 3)', 'virtual_energy_used_fraction': 'numeric(6, 3)',
        'position_after_lap': 'integer', 'gap_to_leader_ms': 'integer', 'laps_down': 'integer', 'lap_events': 'text',
        'is_valid': 'boolean', 'is_pit_lap': 'boolean', 'is_formation_lap': 'boolean', 'is_known_entry': 'boolean',
    }) }}
{%- endmacro %}


{% macro penalty_columns() -%}
    {{ return({
        'file_id': 'text', 'event_session_id': 'text', 'entry_id': 'text', 'entrant_id': 'text', 'driver_id': 'text',
        'sim_kind': 'text', 'sim_reason': 'text', 'kind': 'text', 'reason': 'text',
        'line_number': 'integer', 'lap_number': 'integer', 'served_lap_number': 'integer', 'session_time_ms': 'integer',
        'penalty_s': 'numeric(10, 3)', 'penalty_laps': 'integer', 'warning_points': 'numeric(8, 2)',
        'is_penalty': 'boolean', 'is_served': 'boolean', 'is_in_race_time': 'boolean', 'is_known_entry': 'boolean',
    }) }}
{%- endmacro %}


{% macro race_outcome_columns() -%}
    {{ return(['file_strength_of_field', 'cautions', 'caution_laps', 'lead_changes', 'is_wet']) }}
{%- endmacro %}


{% macro race_result_outcome_columns() -%}
    {%- set columns = [
        'out_reason', 'out_reason_id', 'finish_position', 'finish_position_in_class', 'laps', 'laps_led',
        'race_time_ms', 'interval_ms', 'laps_down', 'average_lap_ms', 'best_lap_ms', 'best_lap_number', 'incidents',
        'points', 'league_points', 'irating_after', 'license_level_after', 'safety_rating_after',
        'file_class_strength_of_field',
    ] -%}
    {{ return(columns) }}
{%- endmacro %}
