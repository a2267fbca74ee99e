-- What is computed here is computed once a channel, and not again for each of its samples.
select
    sessions.session_id,
    channels.file_id,
    channels.column_position as channel_number,
    channels.source_channel as channel,
    channels.source_unit as unit,
    channels.description,
    channels.value_type,
    channels.canonical_channel,
    channels.sample_rate_hz as rate_hz,
    channels.sample_count,
    channels.is_used,
    {{ is_retired('session_id', 'sessions.session_id') }} as is_retired,
    channels.times_channel,
    channels.raw_divisor,
    channels.raw_shift,
    channels.raw_multiplier,
    coalesce(channels.raw_divisor <> 1 or channels.raw_shift <> 0 or channels.raw_multiplier <> 1, true) as is_scaled,
    -- without a clock or a rate a tick is a second
    coalesce(plans.sample_rate_hz, 1) as sample_rate_hz,
    case when clocks.is_timed then 0 else plans.start_time_s end as start_time_s,
    plans.first_data_line,
    plans.part_first_lines,
    plans.part_offsets_s,
    case when not clocks.is_timed then plans.elapsed_s_position end as elapsed_s_position,
    plans.elapsed_s_factor,
    plans.elapsed_s_offset,
    -- clock intervals that a better log of the session covers with a channel of this name
    (
        select range_agg(numrange(cast(above.first_elapsed_s as numeric), cast(above.last_elapsed_s as numeric), '[]'))
        from {{ ref('int_telemetry_session_files') }} as own
        inner join {{ ref('int_telemetry_session_files') }} as above
            on own.session_id = above.session_id and own.file_rank > above.file_rank
        inner join {{ ref('stg_telemetry__channels') }} as namesakes
            on
                above.file_id = namesakes.file_id
                and namesakes.source_channel = channels.source_channel
                and namesakes.sample_count > 0
        where own.file_id = channels.file_id
    ) as covered_s,
    {{ computed_once() }}
from {{ ref('stg_telemetry__channels') }} as channels
inner join {{ ref('stg_telemetry__sessions') }} as sessions on channels.file_id = sessions.file_id
inner join {{ ref('stg_telemetry__channel_plans') }} as plans on channels.file_id = plans.file_id
-- times count from the start of the log, and so does what is laid on a clock that is made of times
cross join
    lateral (
        select
            channels.times_channel is not null
            or exists (
                select 1
                from {{ ref('stg_telemetry__channels') }} as timed
                where timed.file_id = channels.file_id and timed.times_channel = plans.clock_channel_number
            ) as is_timed
    ) as clocks
-- columns of text have no count
where channels.sample_count is not null
