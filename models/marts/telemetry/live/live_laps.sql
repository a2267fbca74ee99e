{{ config(materialized='view') }}

with streams as (
    select * from {{ ref('int_live_streams') }}
)

select
    streams.stream,
    streams.session_mark,
    streams.driver_id,
    streams.car_id,
    streams.layout_id,
    cast(case
        when not streams.numbers_are_ours then laps.source_lap_number
        when streams.first_is_lap then laps.piece_number
        else laps.piece_number - 1
    end as integer) as lap_number,
    laps.piece_number,
    laps.lap_class,
    laps.sample_count,
    laps.started_elapsed_s,
    laps.ended_elapsed_s,
    laps.lap_time_s,
    laps.measured_lap_time_s,
    laps.reported_lap_time_s,
    laps.longest_gap_s,
    laps.max_speed_kph,
    laps.fuel_at_start_l,
    laps.fuel_used_l,
    laps.fuel_left_l,
    laps.incidents,
    laps.is_complete,
    laps.has_pit_road,
    laps.starts_on_pit_road,
    laps.ends_on_pit_road,
    laps.is_fuel_eligible
from streams
cross join lateral jsonb_to_recordset(streams.pieces) as laps (
    piece_number integer,
    source_lap_number integer,
    lap_class text,
    sample_count integer,
    started_elapsed_s double precision,
    ended_elapsed_s double precision,
    lap_time_s numeric(10, 3),
    measured_lap_time_s numeric(10, 3),
    reported_lap_time_s numeric(10, 3),
    longest_gap_s numeric(10, 3),
    max_speed_kph numeric(6, 1),
    fuel_at_start_l numeric(8, 3),
    fuel_used_l numeric(8, 3),
    fuel_left_l numeric(8, 3),
    incidents integer,
    is_complete boolean,
    has_pit_road boolean,
    starts_on_pit_road boolean,
    ends_on_pit_road boolean,
    is_fuel_eligible boolean
)
