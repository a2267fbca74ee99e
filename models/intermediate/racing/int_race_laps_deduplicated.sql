with laps as (
    select * from {{ ref('stg_acc__race_laps') }}
),

winners as (
    select
        file_id,
        race_id
    from {{ ref('int_race_files') }}
    where is_winner
)

select laps.*
from laps
inner join winners on laps.file_id = winners.file_id and laps.race_id = winners.race_id
