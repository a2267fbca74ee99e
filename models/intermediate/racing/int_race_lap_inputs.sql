with race_files as (
    select
        event_session_id as race_id,
        file_id
    from {{ ref('int_event_session_files') }}
    where is_winner and is_race
),

inputs as (
    select * from {{ ref('stg_files__result_inputs') }}
),

-- laps of iRacing are in any number of files of their own, of which it takes others to say what race they are of
iracing_laps as (
    select
        event_session_id as race_id,
        sum(hash_record_extended(laps, 0)) as laps_hash
    from {{ ref('int_iracing_laps_matched') }} as laps
    where state = 'loaded'
    group by event_session_id
),

-- how many laps were driven says whether files of laps lack some
race_results as (
    select
        race_id,
        max(laps) as laps
    from {{ ref('int_race_results_as_of_cutoff') }}
    group by race_id
)

select
    race_files.race_id,
    race_files.file_id,
    md5(concat_ws(
        '|',
        race_files.file_id,
        inputs.input_hash,
        'laps ' || iracing_laps.laps_hash,
        'driven ' || race_results.laps
    )) as input_hash
from race_files
inner join inputs on race_files.file_id = inputs.file_id
left join iracing_laps on race_files.race_id = iracing_laps.race_id
left join race_results on race_files.race_id = race_results.race_id
