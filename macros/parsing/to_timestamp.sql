{% macro to_timestamp_at(text, zone='UTC') -%}
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
