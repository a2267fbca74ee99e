{% macro place_of(samples, laps) -%} {{ return(adapter.dispatch('place_of')(samples, laps)) }} {%- endmacro %}

{% macro postgres__place_of(samples, laps) -%}
    (
        select {{ _place_between(samples, laps) }}
        from {{ ref('int_telemetry_places') }} as places
        where places.session_id = {{ samples }}.session_id and places.elapsed_s <= {{ samples }}.elapsed_s
        order by places.elapsed_s desc
        limit 1
    )
{%- endmacro %}

{% macro spark__place_of(samples, laps) -%} {{ _place_between(samples, laps) }} {%- endmacro %}

{% macro _place_between(samples, laps) -%}
    {%- set items = [] -%}
    {%- for column in ['place_m', 'lat_deg', 'lon_deg', 'curvature_per_m'] -%}
        {%- do items.append(
            'places.' ~ column ~ ' + (places.next_' ~ column ~ ' - places.' ~ column ~ ') * (' ~ samples
            ~ '.elapsed_s - places.elapsed_s) / (places.next_elapsed_s - places.elapsed_s)'
        ) -%}
    {%- endfor -%}
    case
        when places.piece_number = {{ laps }}.piece_number and places.next_elapsed_s >= {{ samples }}.elapsed_s
            then {{ array_of(items) }}
    end
{%- endmacro %}


{#- PostgreSQL looks a place up by index. Spark joins those that lie in the same span of time, one of which each sample follows. -#}
{% macro join_places(samples) -%} {{ return(adapter.dispatch('join_places')(samples)) }} {%- endmacro %}

{% macro postgres__join_places(samples) -%} {%- endmacro %}

{% macro spark__join_places(samples) -%}
    left join (
        select
            followed.*,
            spans.span
        from (
            select
                *,
                lead(elapsed_s) over (partition by session_id order by elapsed_s) as following_s
            from {{ ref('int_telemetry_places') }}
        ) as followed
        cross join lateral explode(
            sequence(
                cast(floor(followed.elapsed_s / {{ timed_span_s() }}) as integer),
                cast(floor(followed.next_elapsed_s / {{ timed_span_s() }}) as integer)
            )
        ) as spans (span)
    ) as places
        on
            {{ samples }}.session_id = places.session_id
            and cast(floor({{ samples }}.elapsed_s / {{ timed_span_s() }}) as integer) = places.span
            and {{ samples }}.elapsed_s >= places.elapsed_s
            and ({{ samples }}.elapsed_s < places.following_s or places.following_s is null)
{%- endmacro %}


{% macro position_at(rows, elapsed_s) -%} {{ return(adapter.dispatch('position_at')(rows, elapsed_s)) }} {%- endmacro %}

{% macro postgres__position_at(rows, elapsed_s) -%}
    (
        select {{ position_between(rows ~ '.' ~ elapsed_s) }}
        from (
            select positions.*
            from {{ ref('int_telemetry_positions') }} as positions
            where positions.session_id = {{ rows }}.session_id and positions.elapsed_s <= {{ rows }}.{{ elapsed_s }}
            order by positions.elapsed_s desc
            limit 1
        ) as earlier
        full join (
            select positions.*
            from {{ ref('int_telemetry_positions') }} as positions
            where positions.session_id = {{ rows }}.session_id and positions.elapsed_s >= {{ rows }}.{{ elapsed_s }}
            order by positions.elapsed_s asc
            limit 1
        ) as later on true
    )
{%- endmacro %}

{% macro spark__position_at(rows, elapsed_s) -%} at_{{ elapsed_s }}.position {%- endmacro %}


{#- PostgreSQL looks the two fixes up by index. Spark puts the moments among the fixes. -#}
{% macro join_positions(rows, elapsed_s) -%} {{ return(adapter.dispatch('join_positions')(rows, elapsed_s)) }} {%- endmacro %}

{% macro postgres__join_positions(rows, elapsed_s) -%} {%- endmacro %}

{#- A frame that ends with the last row would be read anew for each; that of the later fix goes backwards instead. -#}
{% macro spark__join_positions(rows, elapsed_s) -%}
    left join (
        select
            session_id,
            moment_s,
            {{ position_between('moment_s') }} as position
        from (
            select
                session_id,
                elapsed_s as moment_s,
                is_fix,
                last_value(fix, true) over (partition by session_id order by elapsed_s) as earlier,
                last_value(fix, true) over (partition by session_id order by elapsed_s desc) as later
            from (
                select
                    session_id,
                    elapsed_s,
                    is_fix,
                    case when is_fix then struct(elapsed_s, driven_m, lat_deg, lon_deg, follows_hole) end as fix
                from (
                    select
                        positions.session_id,
                        positions.elapsed_s,
                        positions.driven_m,
                        positions.lat_deg,
                        positions.lon_deg,
                        positions.follows_hole,
                        true as is_fix
                    from {{ ref('int_telemetry_positions') }} as positions
                    inner join (select distinct session_id from {{ rows }}) as asked
                        on positions.session_id = asked.session_id
                    union all
                    select distinct
                        session_id,
                        {{ elapsed_s }} as elapsed_s,
                        cast(null as double) as driven_m,
                        cast(null as double) as lat_deg,
                        cast(null as double) as lon_deg,
                        false as follows_hole,
                        false as is_fix
                    from {{ rows }}
                    where {{ elapsed_s }} is not null
                ) as fixes_and_moments
            ) as ordered
        ) as among
        where not is_fix
    ) as at_{{ elapsed_s }}
        on {{ rows }}.session_id = at_{{ elapsed_s }}.session_id and {{ rows }}.{{ elapsed_s }} = at_{{ elapsed_s }}.moment_s
{%- endmacro %}


{% macro value_beyond(value, by, distance) -%} {{ return(adapter.dispatch('value_beyond')(value, by, distance)) }} {%- endmacro %}

{% macro postgres__value_beyond(value, by, distance) -%}
    first_value({{ value }}) over (
        partition by session_id order by {{ by }} range between {{ distance }} following and unbounded following
    )
{%- endmacro %}

{#- The same backwards, for the reason of `join_positions`. -#}
{% macro spark__value_beyond(value, by, distance) -%}
    last_value({{ value }}) over (
        partition by session_id order by {{ by }} desc range between unbounded preceding and {{ distance }} preceding
    )
{%- endmacro %}
