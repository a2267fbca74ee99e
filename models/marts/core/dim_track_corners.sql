-- A table of its own, because rows that are to go stay here until the facts that refer to them have gone.
select * from {{ ref('int_track_corners') }}
