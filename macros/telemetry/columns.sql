{% macro telemetry_session_columns() -%}
    {{ return({
        'file_id': 'text', 'log_key': 'text', 'exported_session_id': 'uuid',
        'driver_id': 'text', 'car_id': 'text', 'event_session_id': 'text',
        'driver_name': 'text', 'car_name': 'text', 'track_name': 'text', 'session_type': 'text', 'device': 'text',
        'lap_range': 'text', 'beacon_markers': 'text', 'start_line_deg': 'text',
        'sample_rate_hz': 'double precision', 'start_time_s': 'double precision',
        'stated_lap_time_s': 'double precision', 'logged_at': 'timestamptz',
        'skies': 'text', 'setup_name': 'text', 'air_temp_c': 'double precision', 'track_temp_c': 'double precision',
        'fuel_capacity_l': 'double precision', 'irating': 'integer', 'is_setup_fixed': 'boolean',
    }) }}
{%- endmacro %}


{% macro log_key(export_format, track, car, driver, date, time, kind) -%}
    concat_ws(
        '|',
        {{ export_format }},
        coalesce({{ track }}, ''),
        coalesce({{ car }}, ''),
        coalesce({{ driver }}, ''),
        coalesce({{ date }}, ''),
        coalesce({{ time }}, ''),
        coalesce({{ kind }}, '')
    )
{%- endmacro %}
