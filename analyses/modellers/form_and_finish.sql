-- Does recent form predict the finish beyond what the iRating expects?
-- Drivers in thirds by how their last races ended against expectation (avg_finish_minus_expected_recent, lower is
-- better), on the training split alone. If form adds something, missed_by rises from the first third to the last; if
-- it is flat, it does not.
with training_data as (
    select * from {{ ref('ml_training_data') }}
    where
        split = 'train'
        and avg_finish_minus_expected_recent is not null
        and target_finish_minus_expected is not null
),

thirds as (
    select
        *,
        ntile(3) over (order by avg_finish_minus_expected_recent, subsession_id, cust_id) as form_third
    from training_data
)

select
    form_third,
    count(*) as results,
    round(avg(avg_finish_minus_expected_recent), 2) as form,
    round(avg(target_finish_minus_expected), 2) as missed_by,
    round(stddev_samp(target_finish_minus_expected), 2) as spread,
    round(avg(irating_before), 0) as irating
from thirds
group by form_third
order by form_third
