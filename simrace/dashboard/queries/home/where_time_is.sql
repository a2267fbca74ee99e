-- Where the best lap of a session loses most to the best lap of the driver, else of the class, else of the session.
select
    comparisons.reference_kind,
    comparisons.reference_session_id,
    comparisons.reference_lap_number,
    comparisons.lap_number,
    comparisons.start_m,
    comparisons.end_m,
    comparisons.delta_s,
    (
        select
            string_agg(
                -- a corner without a name is called by its number
                coalesce(
                    nullif(corners.corner_name, cast(corners.corner_number as text)), 'corner ' || corners.corner_number
                ),
                ', ' order by corners.apex_m
            )
        from marts.dim_track_corners as corners
        where
            corners.layout_key = laps.layout_key
            and corners.apex_m >= comparisons.start_m
            and corners.apex_m < comparisons.end_m
    ) as corners
from marts.lap_comparisons as comparisons
inner join marts.fct_laps as laps
    on comparisons.session_id = laps.session_id and comparisons.lap_number = laps.lap_number
where
    comparisons.session_id = %(session_id)s
    and comparisons.reference_kind in ('personal_best', 'class_best', 'session_best')
    and (comparisons.reference_session_id, comparisons.reference_lap_number)
    <> (comparisons.session_id, comparisons.lap_number)
    and comparisons.delta_s > 0
order by
    laps.lap_time_s asc,
    comparisons.lap_number asc,
    array_position(array['personal_best', 'class_best', 'session_best'], comparisons.reference_kind) asc,
    comparisons.delta_s desc,
    comparisons.start_m asc
limit 3
