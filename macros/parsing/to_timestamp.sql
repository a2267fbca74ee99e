{# A moment (UTC) from text with a zone, from the sims' `2024.01.02 5:40 PM GMT`, or from text without a zone read in the zone given. Garbage is null. #}
{% macro to_timestamp_at(text, zone='UTC') -%}
    {{ return(adapter.dispatch('to_timestamp_at')(text, zone)) }}
{%- endmacro %}

{% macro default__to_timestamp_at(text, zone) -%}
    {{ exceptions.raise_compiler_error('to_timestamp_at is not written for ' ~ target.type) }}
{%- endmacro %}

{# The pattern comes before the validity: PostgreSQL also takes `now` and `infinity` for moments. #}
{% macro postgres__to_timestamp_at(text, zone) -%}
    case
        when
            {{ text }} ~ '^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$'
            and pg_input_is_valid({{ text }}, 'timestamptz')
            then cast({{ text }} as timestamptz)
        when
            {{ text }} ~ '^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+$'
            and pg_input_is_valid({{ text }}, 'timestamp')
            then cast({{ text }} as timestamp) at time zone '{{ zone }}'
        when
            {{ text }} ~ '^[12][0-9]{3}[.][0-9]{2}[.][0-9]{2} [0-9]{1,2}:[0-9]{2} [AP]M GMT$'
            and pg_input_is_valid(replace(replace({{ text }}, '.', '-'), ' GMT', ''), 'timestamp')
            then cast(replace(replace({{ text }}, '.', '-'), ' GMT', '') as timestamp) at time zone 'UTC'
    end
{%- endmacro %}
