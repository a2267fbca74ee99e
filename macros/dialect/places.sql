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
