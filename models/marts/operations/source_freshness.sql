{{ config(materialized='view') }}

with newest as (
    select
        max(landed_at) as newest_at,
        cast(extract(epoch from clock_timestamp() - max(landed_at)) as double precision) as age_s
    from {{ ref('stg_files__contents') }}
),

limits as (
    select
        cast({{ var('freshness_warn_days') }} as double precision) as warn_after_days,
        cast({{ var('freshness_error_days') }} as double precision) as error_after_days
)

select
    'raw.files' as source_name,
    case
        when newest.age_s > limits.error_after_days * 86400 or newest.age_s is null then 'error'
        when newest.age_s > limits.warn_after_days * 86400 then 'warn'
        else 'pass'
    end as status,
    limits.warn_after_days,
    limits.error_after_days,
    newest.age_s,
    newest.newest_at
from newest
cross join limits
