{{ config(materialized='view') }}

with predictions as (
    select * from {{ ref('predictions') }}
    where is_unseen
),

results as (
    select * from {{ ref('ml_training_data') }}
),

trained as (
    select
        model_id,
        value as trained_error
    from {{ ref('model_scores') }}
    where span = 'validation' and scorer = 'model'
),

-- An entry list knows no race_id: it was of the race on the layout that started nearest to the time it tells.
run as (
    select
        predictions.*,
        results.race_id as run_race_id,
        row_number() over (
            partition by predictions.model_id, predictions.race_key, predictions.entry_key
            order by
                abs(extract(epoch from results.feature_cutoff_at - predictions.starts_at)) nulls last,
                results.race_id
        ) as nearest
    from predictions
    inner join results
        on
            predictions.driver_id = results.driver_id
            and (
                predictions.race_id = results.race_id
                or (
                    predictions.race_id is null
                    and predictions.layout_id = results.layout_id
                    and predictions.license_category_id = results.license_category_id
                    and results.feature_cutoff_at
                    between predictions.starts_at - interval '12 hours'
                    and predictions.starts_at + interval '12 hours'
                )
            )
),

outcomes as (
    select
        run.*,
        results.car_class_id,
        results.start_position_in_class,
        results.feature_cutoff_at,
        cast(
            case run.target
                when 'finish' then results.target_finish_position_in_class
                when 'podium' then cast(results.target_finish_position_in_class <= 3 as integer)
                when 'did_not_finish' then cast(results.target_did_not_finish as integer)
                when 'irating_change' then results.target_irating_change
            end as double precision
        ) as actual
    from run
    inner join results on run.run_race_id = results.race_id and run.driver_id = results.driver_id
    where run.nearest = 1
),

ordered as (
    select
        *,
        rank() over in_class_by_value as expected_place,
        rank() over in_class_by_grid as grid_place,
        rank() over in_class_by_actual as actual_place
    from outcomes
    where actual is not null
    window
        in_class_by_value as (partition by model_id, race_key, run_race_id, car_class_id order by value),
        in_class_by_grid as (
            partition by model_id, race_key, run_race_id, car_class_id order by start_position_in_class nulls last
        ),
        in_class_by_actual as (partition by model_id, race_key, run_race_id, car_class_id order by actual)
)

select
    ordered.model_id,
    ordered.race_key,
    ordered.run_race_id as race_id,
    ordered.target,
    cast(count(*) as integer) as drivers,
    avg(
        case
            when ordered.target = 'finish' then abs(ordered.expected_place - ordered.actual_place)
            when ordered.target = 'irating_change' then abs(ordered.value - ordered.actual)
            else power(ordered.value - ordered.actual, 2)
        end
    ) as error,
    cast(
        avg(case when ordered.target = 'finish' then abs(ordered.grid_place - ordered.actual_place) end)
        as double precision
    ) as grid_error,
    cast(
        avg(
            case
                when ordered.target in ('finish', 'irating_change')
                    then cast(ordered.actual between ordered.low and ordered.high as integer)
            end
        ) as double precision
    ) as coverage,
    avg(ordered.value) as mean_value,
    avg(ordered.actual) as mean_actual,
    max(trained.trained_error) as trained_error,
    max(ordered.feature_cutoff_at) as green_flag_at
from ordered
left join trained on ordered.model_id = trained.model_id
group by ordered.model_id, ordered.race_key, ordered.run_race_id, ordered.target
