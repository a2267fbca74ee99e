{%- set channels = var('telemetry_channels') -%}
{%- set clock_and_channels = ['elapsed_s'] + (channels | list) -%}

-- Each step uses what the inner one computed once for a frame; a question about the last seconds reads no frame before
-- them, and one about some channels reads no others.
with streams as (
    select * from {{ ref('stg_live__streams') }}
),

-- of several places for one channel, the first of its priority
places as (
    select
        known.source_format,
        known.canonical_channel,
        known.source_channel,
        known.factor,
        known.offset_value,
        row_number() over (
            partition by known.source_format, known.canonical_channel
            order by known.priority, known.source_channel, known.source_unit
        ) as place_rank,
        count(*) over (partition by known.source_format, known.canonical_channel) as place_count
    from {{ ref('stg_telemetry__known_channels') }} as known
    where known.source_format = any(array(select streams.source_format from streams))
),

formats as (
    select distinct source_format from places
),

-- where the channels of each format are in a frame and what they mean, in the order in which they are read below
plans as (
    select
        formats.source_format,
        array_agg(
            case when strpos(places.source_channel, '.') = 0 then places.source_channel end order by wanted.number
        ) as names,
        -- steps to what is within other objects
        array_agg(
            case when strpos(places.source_channel, '.') > 0 then places.source_channel end order by wanted.number
        ) as paths,
        array_agg(places.factor order by wanted.number) as factors,
        array_agg(places.offset_value order by wanted.number) as offsets,
        -- whether all have the names and units that they have here, so that they need not be looked up in each frame
        coalesce(
            bool_and(
                places.source_channel = wanted.channel and places.factor = 1 and places.offset_value = 0
                and places.place_count = 1
            ) filter (where places.source_channel is not null) and count(places.source_channel) = count(*),
            false
        ) as is_plain
    from formats
    cross join
        unnest(string_to_array('{{ clock_and_channels | join(" ") }}', ' ')) with ordinality as wanted (channel, number)
    left join places
        on
            formats.source_format = places.source_format
            and wanted.channel = places.canonical_channel
            and places.place_rank = 1
    group by formats.source_format
)

select
    {{ when_read(pseudonymous_key('stream', 'measured.stream')) }} as stream,
    {{ when_read(pseudonymous_key('session', 'measured.session_mark')) }} as session_mark,
    measured.batch_number,
    measured.frame_number,
    measured.elapsed_s,
    {{ canonical_sample(channels) }},
    measured.received_at
from (
    select
        told.stream,
        told.session_mark,
        told.batch_number,
        told.frame_number,
        told.received_at,
        {% set clock = json_number('told.elapsed_s', measured("(told.elapsed_s #>> '{}')")) -%}
        round(({{ clock }} * told.factors[1] + told.offsets[1]) * 1e6) / 1e6 as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {%- set text = "(told." ~ channel ~ " #>> '{}')" -%}
            {%- set value = json_number('told.' ~ channel, measured_channel(text, channel, kind))
                ~ ' * case when told.is_plain then 1 else told.factors[' ~ (loop.index + 1) ~ '] end'
                ~ ' + case when told.is_plain then 0 else told.offsets[' ~ (loop.index + 1) ~ '] end' -%}
            {{ without_no_value('round((' ~ value ~ ') * 1e6) / 1e6' if kind.no_value else value, channel, kind) }}
                as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        select
            parsed.stream,
            parsed.session_mark,
            parsed.batch_number,
            parsed.frame_number,
            parsed.received_at,
            plans.factors,
            plans.offsets,
            plans.is_plain,
            {% for channel in clock_and_channels -%}
                case
                    when plans.is_plain then parsed.frame -> '{{ channel }}'
                    else
                        coalesce(
                            parsed.frame -> plans.names[{{ loop.index }}],
                            parsed.frame #> string_to_array(plans.paths[{{ loop.index }}], '.')
                        )
                end as {{ channel }},
            {% endfor -%}
            {{ computed_once() }}
        from (
            select
                frames.stream,
                frames.session_mark,
                frames.source_format,
                frames.batch_number,
                cast(lines.place as integer) as frame_number,
                frames.received_at,
                -- PostgreSQL takes no escape of what is no character
                case
                    when strpos(lines.line, '\u') = 0 or pg_input_is_valid(lines.line, 'jsonb')
                        then cast(lines.line as jsonb)
                end as frame,
                {{ computed_once() }}
            from {{ ref('stg_live__frames') }} as frames
            cross join lateral string_to_table(frames.frames, chr(10)) with ordinality as lines (line, place)
            where
                lines.line <> ''
                and exists (
                    select 1 from streams
                    where streams.stream = frames.stream and streams.session_mark = frames.session_mark
                )
        ) as parsed
        inner join plans on parsed.source_format = plans.source_format
    ) as told
) as measured
where measured.elapsed_s between -1e6 and 1e6
