select
    source_format,
    format_family,
    title,
    sim,
    date_order,
    source_rank,
    default_sample_rate_hz,
    false as is_declared
from {{ ref('source_formats') }}
union all
select
    declared.source_format,
    'telemetry' as format_family,
    declared.title,
    declared.sim,
    declared.date_order,
    declared.source_rank,
    declared.default_sample_rate_hz,
    true as is_declared
from {{ source('raw', 'declared_formats') }} as declared
-- a later version may come with a format of that name, and a run then asks for another one
where
    not exists (
        select 1
        from {{ ref('source_formats') }} as formats
        where formats.source_format = declared.source_format
    )
