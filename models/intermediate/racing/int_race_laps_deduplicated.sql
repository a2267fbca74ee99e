{%- set sources = ['stg_acc__race_laps', 'stg_raceroom__race_laps', 'stg_rfactor__race_laps',
    'stg_assetto_corsa__race_laps_server', 'stg_assetto_corsa__race_laps_race_out', 'stg_sms__race_laps'] %}
{%- set of_iracing = ['file_id', 'entry_id', 'entrant_id', 'driver_id', 'line_number', 'lap_number', 'driver_index',
    'lap_time_ms', 'session_time_ms', 'position_after_lap', 'gap_to_leader_ms', 'laps_down', 'lap_events', 'is_valid',
    'is_pit_lap', 'is_formation_lap', 'is_known_entry'] %}

with laps as (
    {% for source in sources %}
        select
            {{ aligned(race_lap_columns(), source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- laps of iRacing are in files of their own, which say what race they are of
iracing_laps as (
    select * from {{ ref('int_iracing_laps_matched') }}
    where state = 'loaded'
),

winners as (
    select
        file_id,
        event_session_id
    from {{ ref('int_event_session_files') }}
    where is_winner and is_race
)

select
    {%- for column in race_lap_columns() if column != 'event_session_id' %}
        laps.{{ column }},
    {%- endfor %}
    laps.event_session_id as race_id
from laps
inner join winners on laps.file_id = winners.file_id and laps.event_session_id = winners.event_session_id
union all
select
    {%- for column, type in race_lap_columns().items() if column != 'event_session_id' %}
        {{ column if column in of_iracing else 'cast(null as ' ~ type ~ ') as ' ~ column }},
    {%- endfor %}
    event_session_id as race_id
from iracing_laps
