{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    indexes=[{'columns': ['session_id', 'piece_number'], 'unique': true}],
) }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

starts as (
    select * from {{ ref('int_telemetry_lap_starts') }}
),

measured as (
    select * from {{ ref('int_telemetry_laps_measured') }}
),

-- files of one lap that say how long it took
stated as (
    select
        session_id,
        file_rank,
        first_elapsed_s,
        last_elapsed_s + coalesce(1 / sample_rate_hz, 0) as end_s,
        stated_lap_time_s
    from {{ ref('int_telemetry_session_files') }}
    where tells_laps and stated_lap_time_s is not null
),

followed as (
    select
        starts.*,
        sessions.sample_rate_hz,
        sessions.is_placed_by_position,
        sessions.session_started_at,
        -- two samples of the session: nothing is nearer to the line than that
        2 / sessions.sample_rate_hz as edge_s,
        lead(starts.start_s) over clock as next_start_s,
        lead(starts.starts_at_line) over clock as next_starts_at_line,
        count(*) over (partition by starts.session_id, starts.source_lap_number) as same_number
    from starts
    inner join sessions on starts.session_id = sessions.session_id
    window clock as (partition by starts.session_id order by starts.piece_number)
),

numbered as (
    select
        *,
        bool_or(same_number > 1 or source_lap_number is null) over (partition by session_id) as numbers_are_ours
    from followed
),

pieces as (
    select
        measured.*,
        numbered.found_by,
        numbered.numbers_are_ours,
        numbered.source_lap_number,
        numbered.sample_rate_hz,
        numbered.is_placed_by_position,
        numbered.session_started_at,
        numbered.edge_s,
        numbered.start_s,
        numbered.next_start_s,
        numbered.starts_at_line
        and numbered.start_s >= (min(measured.first_elapsed_s) over whole) - numbered.edge_s as starts_at_line,
        coalesce(
            numbered.next_starts_at_line
            and numbered.next_start_s <= max(measured.last_elapsed_s) over whole + numbered.edge_s,
            false
        ) as ends_at_line,
        max(measured.last_elapsed_s) over whole as session_last_elapsed_s,
        max(measured.highest_lap_distance_m) over whole as longest_lap_distance_m
    from numbered
    inner join measured
        on numbered.session_id = measured.session_id and numbered.piece_number = measured.piece_number
    window whole as (partition by measured.session_id)
),

edged as (
    select
        *,
        case when starts_at_line then start_s else first_elapsed_s end as started_elapsed_s,
        case when ends_at_line or next_start_s <= session_last_elapsed_s then next_start_s else last_elapsed_s end
            as ended_elapsed_s,
        -- one row past the line at the end of a file, or before it at the beginning, is no lap
        coalesce(
            found_by = 'distance_wrap'
            and sample_count = 1
            and ((next_start_s is null and starts_at_line) or (piece_number = 1 and not starts_at_line)),
            false
        ) as is_beside_line,
        (
            lowest_ratio < {{ var('lap_edge_ratio') }}
            or lowest_lap_distance_m < {{ var('lap_edge_ratio') }} * longest_lap_distance_m
        )
        -- a car on the grid is near to the line for long: the sim's clock of the lap may have begun before the log
        and coalesce(last_lap_elapsed_s - (last_elapsed_s - first_elapsed_s) <= edge_s, true) as begins_near_line,
        highest_ratio > 1 - {{ var('lap_edge_ratio') }}
        or (
            highest_lap_distance_m > (1 - {{ var('lap_edge_ratio') }})
            * max(case when ends_at_line then highest_lap_distance_m end) over (partition by session_id)
        ) as stops_near_line
    from pieces
),

positioned as (
    select
        edged.*,
        case when edged.is_placed_by_position then {{ item_at(position_at('edged', 'started_elapsed_s'), 1) }} end
            as start_position_m,
        case when edged.is_placed_by_position then {{ item_at(position_at('edged', 'ended_elapsed_s'), 1) }} end
            as end_position_m
    from edged
    {{ join_positions('edged', 'started_elapsed_s') }}
    {{ join_positions('edged', 'ended_elapsed_s') }}
),

lined as (
    select
        *,
        -- at the edge of a file a lap may begin or stop at the line, but not in the pits beside it
        coalesce(starts_at_line or (begins_near_line and starts_on_pit_road is not true), false) as begins_at_line,
        coalesce(ends_at_line or (stops_near_line and ends_on_pit_road is not true), false) as stops_at_line,
        -- metres driven are counted from line to line, not from sample to sample
        coalesce(lead(start_driven_m) over clock, last_driven_m) - start_driven_m as driven_m,
        coalesce(lead(start_distance_m) over clock, last_distance_m) - start_distance_m as distance_driven_m,
        -- the sim reports a lap's time during the next one
        lead(last_lap_time_s) over clock as next_last_lap_time_s,
        max(case
            when piece_number = 1 and (starts_at_line or (begins_near_line and starts_on_pit_road is not true)) then 1
            else 0
        end)
            over (partition by session_id)
            as first_is_lap,
        bool_and(is_beside_line) over (partition by session_id) as has_nothing_else
    from positioned
    window clock as (partition by session_id order by piece_number)
),

-- what a file says of its lap is for a piece that begins and ends where the file does
named as (
    select
        lined.*,
        case
            when
                lined.begins_at_line
                and lined.stops_at_line
                and not exists (
                    select 1 from {{ ref('int_telemetry_positions') }} as positions
                    where
                        positions.session_id = lined.session_id
                        and positions.elapsed_s > lined.started_elapsed_s
                        and positions.elapsed_s <= lined.ended_elapsed_s
                        and positions.follows_hole
                )
                then lined.end_position_m - lined.start_position_m
        end as position_driven_m,
        stated.stated_lap_time_s,
        row_number() over (
            partition by lined.session_id, lined.piece_number order by stated.file_rank nulls last
        ) as stated_rank
    from lined
    left join stated
        on
            lined.session_id = stated.session_id
            and abs(stated.first_elapsed_s - lined.started_elapsed_s) < {{ var('lap_flicker_s') }}
            and abs(stated.end_s - lined.ended_elapsed_s) < {{ var('lap_flicker_s') }}
)

select
    session_id,
    piece_number,
    -- a piece before the first line crossing is number 0, unless it is a lap of its own
    cast(case
        when not numbers_are_ours then source_lap_number
        when first_is_lap = 1 then piece_number
        else piece_number - 1
    end as integer) as lap_number,
    found_by as lap_source,
    case
        when ratio_samples >= {{ var('channel_share') }} * sample_count then 'lap_ratio'
        when lap_distance_samples >= {{ var('channel_share') }} * sample_count then 'lap_distance'
        when speed_samples >= {{ var('channel_share') }} * sample_count then 'speed'
        when distance_samples >= {{ var('channel_share') }} * sample_count then 'distance'
    end as distance_source,
    sample_count,
    started_elapsed_s,
    ended_elapsed_s,
    -- a lap without a line crossing in the file lasts as long as its rows do
    case when not ends_at_line and stops_at_line then coalesce(1 / sample_rate_hz, 0) else 0 end as last_sample_s,
    stated_lap_time_s,
    -- what stands there in both laps is still the time of the lap before
    nullif(next_last_lap_time_s, last_lap_time_s) as channel_lap_time_s,
    longest_gap_s,
    start_driven_m,
    start_distance_m,
    case when speed_samples > 0 then driven_m end as driven_m,
    distance_driven_m,
    start_position_m,
    end_position_m,
    position_driven_m,
    highest_lap_distance_m,
    declared_length_m,
    longest_ratio_step,
    max_speed_kph,
    fuel_at_start_l,
    fuel_at_end_l,
    largest_fuel_rise_l,
    tyre_temp_fl_c,
    tyre_temp_fr_c,
    tyre_temp_rl_c,
    tyre_temp_rr_c,
    air_temp_c,
    track_temp_c,
    incidents,
    sectors,
    sector_2_s,
    sector_3_s,
    lowest_lat_deg,
    lowest_lon_deg,
    turning_samples >= {{ var('channel_share') }} * sample_count or position_driven_m is not null as has_curvature,
    begins_at_line,
    stops_at_line,
    has_pit_road,
    starts_on_pit_road,
    ends_on_pit_road,
    leaves_track,
    has_caution,
    session_started_at
from named
where stated_rank = 1 and (not is_beside_line or has_nothing_else)
