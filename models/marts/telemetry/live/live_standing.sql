{{ config(materialized='view') }}

with streams as (
    select * from {{ ref('int_live_streams') }}
),

layouts as (
    select * from {{ ref('dim_track_layouts') }}
),

bests as (
    select * from {{ ref('personal_bests') }}
),

standing as (
    select
        streams.*,
        told.elapsed_s,
        told.lap_elapsed_s,
        told.delta_s as delta_to_session_best_s,
        told.fuel_l,
        told.fuel_used_a_lap_l,
        told.on_pit_road,
        told.late_frames,
        case
            when not streams.numbers_are_ours then told.source_lap_number
            when streams.first_is_lap then told.piece_number
            else told.piece_number - 1
        end as lap_number,
        coalesce(streams.lap_length_m, layouts.length_m) as length_m,
        coalesce(
            told.lap_distance_ratio,
            told.lap_distance_m / nullif(coalesce(streams.lap_length_m, layouts.length_m), 0)
        ) as lap_distance_ratio,
        told.lap_distance_m,
        bests.best_lap_time_s as warehouse_best_lap_time_s,
        bests.best_session_id,
        bests.best_lap_number,
        bests.best_driven_at
    from streams
    cross join
        lateral
        jsonb_to_record(streams.standing) as told (
            elapsed_s double precision,
            piece_number integer,
            source_lap_number integer,
            lap_elapsed_s double precision,
            lap_distance_m double precision,
            lap_distance_ratio double precision,
            delta_s double precision,
            fuel_l double precision,
            fuel_used_a_lap_l double precision,
            on_pit_road boolean,
            late_frames integer
        )
    left join layouts on streams.layout_id = layouts.layout_id
    left join bests
        on
            streams.driver_id = bests.driver_id
            and streams.car_id = bests.car_id
            and streams.layout_id = bests.layout_id
),

placed as (
    select
        standing.*,
        coalesce(standing.lap_distance_m, standing.lap_distance_ratio * standing.length_m) as distance_m,
        standing.lap_number + least(greatest(standing.lap_distance_ratio, 0), 1) as laps_driven,
        last_lap.lap_time_s as last_lap_time_s
    from standing
    left join lateral (
        select cast(pieces.piece ->> 'lap_time_s' as numeric(10, 3)) as lap_time_s
        from jsonb_array_elements(standing.pieces) with ordinality as pieces (piece, place)
        where pieces.piece ->> 'lap_time_s' is not null
        order by pieces.place desc
        limit 1
    ) as last_lap on true
),

-- the best lap is that of this session, or one of the warehouse, of which two points lie beside the car
compared as (
    select
        placed.*,
        least(placed.best_lap_time_s, placed.warehouse_best_lap_time_s) as personal_best_lap_time_s,
        case
            when placed.best_lap_time_s <= placed.warehouse_best_lap_time_s or placed.warehouse_best_lap_time_s is null
                then placed.delta_to_session_best_s
            else
                placed.lap_elapsed_s - (
                    select
                        min(traces.lap_elapsed_s)
                        + (max(traces.lap_elapsed_s) - min(traces.lap_elapsed_s))
                        * (placed.distance_m - min(traces.distance_m))
                        / nullif(max(traces.distance_m) - min(traces.distance_m), 0)
                    from {{ ref('fct_lap_traces') }} as traces
                    where
                        traces.session_id = placed.best_session_id
                        and traces.session_started_at = placed.best_driven_at
                        and traces.lap_number = placed.best_lap_number
                        and traces.grid_point in (
                            cast(floor(placed.distance_m / {{ var('trace_step_m') }}) as integer),
                            cast(floor(placed.distance_m / {{ var('trace_step_m') }}) as integer) + 1
                        )
                )
        end as delta_to_best_s
    from placed
),

-- cars on one layout are in the order of what they have driven
ranked as (
    select
        *,
        row_number() over (field) as place,
        lag(laps_driven) over (field) - laps_driven as laps_behind,
        coalesce(last_lap_time_s, best_lap_time_s, warehouse_best_lap_time_s) as usual_lap_time_s
    from compared
    window field as (partition by layout_id order by laps_driven desc nulls last, stream asc)
)

select
    stream,
    session_mark,
    source_format,
    sim,
    driver_id,
    driver_name,
    car_id,
    car_name,
    layout_id,
    track_name,
    session_type,
    elapsed_s,
    cast(lap_number as integer) as lap_number,
    cast(lap_elapsed_s as numeric(10, 3)) as lap_elapsed_s,
    cast(lap_distance_ratio as numeric(8, 6)) as lap_distance_ratio,
    cast(distance_m as numeric(9, 1)) as lap_distance_m,
    cast(delta_to_best_s as numeric(10, 3)) as delta_to_best_s,
    last_lap_time_s,
    best_lap_time_s as session_best_lap_time_s,
    cast(personal_best_lap_time_s as numeric(10, 3)) as personal_best_lap_time_s,
    cast(fuel_l as numeric(8, 3)) as fuel_l,
    cast(fuel_used_a_lap_l as numeric(8, 3)) as fuel_used_a_lap_l,
    cast(fuel_l / nullif(fuel_used_a_lap_l, 0) as numeric(8, 1)) as fuel_left_laps,
    on_pit_road,
    cast(case when layout_id is not null then place end as integer) as place,
    cast(case when layout_id is not null then laps_behind end as numeric(10, 4)) as gap_to_ahead_laps,
    cast(case when layout_id is not null then laps_behind * usual_lap_time_s end as numeric(10, 3)) as gap_to_ahead_s,
    late_frames,
    last_received_at
from ranked
