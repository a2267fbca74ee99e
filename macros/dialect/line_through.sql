{% macro line_through(value, by, near) -%} {{ return(adapter.dispatch('line_through')(value, by, near)) }} {%- endmacro %}

{% macro postgres__line_through(value, by, near) -%}
    regr_slope({{ value }}, {{ by }}) over {{ near }} * {{ by }} + regr_intercept({{ value }}, {{ by }}) over {{ near }}
{%- endmacro %}

{#- The sums of regr_slope in PostgreSQL, in its order: engines that take the oldest row out of a sum keep its error. -#}
{% macro spark__line_through(value, by, near) -%}
    {#- Sail takes two lists of structs with the same names for one. -#}
    {%- set item = 'item_' ~ local_md5(value)[:8] %}
    aggregate(
        collect_list(struct({{ by }} as by, {{ value }} as {{ item }})) over {{ near }},
        struct(0D as rows, 0D as by, 0D as value, 0D as by_by, 0D as by_value),
        (sums, one) -> struct(
            sums.rows + 1 as rows,
            sums.by + one.by as by,
            sums.value + one.{{ item }} as value,
            case
                when sums.rows > 0
                    then
                        sums.by_by
                        + (one.by * (sums.rows + 1) - (sums.by + one.by))
                        * (one.by * (sums.rows + 1) - (sums.by + one.by))
                        * (1D / ((sums.rows + 1) * sums.rows))
                else 0D
            end as by_by,
            case
                when sums.rows > 0
                    then
                        sums.by_value
                        + (one.by * (sums.rows + 1) - (sums.by + one.by))
                        * (one.{{ item }} * (sums.rows + 1) - (sums.value + one.{{ item }}))
                        * (1D / ((sums.rows + 1) * sums.rows))
                else 0D
            end as by_value
        ),
        sums -> case
            when sums.by_by <> 0
                then
                    sums.by_value / sums.by_by * {{ by }}
                    + (sums.value - sums.by * sums.by_value / sums.by_by) / sums.rows
        end
    )
{%- endmacro %}
