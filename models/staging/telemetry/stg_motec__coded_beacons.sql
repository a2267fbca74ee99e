-- A beacon is a row of codes: two with the highest bit set, 0x4000 and the milliseconds, and the number of the beacon,
-- which stays until the next. The milliseconds count from the second before the first code.
with channels as (
    select
        channels.file_id,
        channels.channel_number
    from {{ ref('stg_files__channels') }} as channels
    inner join {{ ref('stg_files__files') }} as files on channels.file_id = files.file_id
    where
        files.source_format = 'motec_ld'
        and channels.value_type = 'int4'
        and channels.sample_rate_hz = 1
        and {{ json_int('channels.details', 'id') }} = 110
),

codes as (
    select
        blocks.file_id,
        blocks.channel_number,
        blocks.first_sample + samples.place - 1 as second,
        -- two bytes, whose highest bit the file may take for a sign
        samples.code & 65535 as code
    from {{ ref('stg_files__channel_blocks') }} as blocks
    inner join channels on blocks.file_id = channels.file_id and blocks.channel_number = channels.channel_number
    cross join lateral unnest(blocks.integer_values) with ordinality as samples (code, place)
),

followed as (
    select
        *,
        lag(code, 1, 0) over (partition by file_id, channel_number order by second) as previous_code
    from codes
),

received as (
    select
        *,
        max(case when code >= 32768 and previous_code < 32768 then second end)
            over (partition by file_id, channel_number order by second)
            as received_second
    from followed
)

select
    file_id,
    channel_number,
    code as beacon_number,
    cast(received_second - 1 + (previous_code - 16384) / 1000.0 as double precision) as marked_s
from received
where received_second is not null and code < 16384 and previous_code between 16384 and 17383
