{% macro item_at(items, place) -%} {{ return(adapter.dispatch('item_at')(items, place)) }} {%- endmacro %}

{% macro postgres__item_at(items, place) -%} {{ items }}[{{ place }}] {%- endmacro %}

{% macro spark__item_at(items, place) -%} get({{ items }}, cast({{ place }} as integer) - 1) {%- endmacro %}


{% macro bucket_of(value, ascending) -%} {{ return(adapter.dispatch('bucket_of')(value, ascending)) }} {%- endmacro %}

{% macro postgres__bucket_of(value, ascending) -%} width_bucket({{ value }}, {{ ascending }}) {%- endmacro %}

{% macro spark__bucket_of(value, ascending) -%} size(filter({{ ascending }}, least -> least <= {{ value }})) {%- endmacro %}


{% macro numbers_in(text, type) -%} {{ return(adapter.dispatch('numbers_in')(text, type)) }} {%- endmacro %}

{% macro postgres__numbers_in(text, type) -%} (cast({{ text }} as {{ type }}[])) {%- endmacro %}

{% macro spark__numbers_in(text, type) -%}
    transform(split(btrim(cast({{ text }} as string), '{}'), ','), number -> cast(number as {{ type }}))
{%- endmacro %}


{% macro whole_numbers(first, last) -%} {{ return(adapter.dispatch('whole_numbers')(first, last)) }} {%- endmacro %}

{% macro postgres__whole_numbers(first, last) -%} generate_series({{ first }}, {{ last }}) {%- endmacro %}

{#- A sequence of Spark counts down where the last number is below the first. -#}
{% macro spark__whole_numbers(first, last) -%}
    explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}) end)
{%- endmacro %}


{% macro is_among(value, items) -%} {{ return(adapter.dispatch('is_among')(value, items)) }} {%- endmacro %}

{% macro postgres__is_among(value, items) -%} {{ value }} = any({{ items }}) {%- endmacro %}

{% macro spark__is_among(value, items) -%} array_contains({{ items }}, {{ value }}) {%- endmacro %}


{% macro items_of(lists, names) -%} {{ return(adapter.dispatch('items_of')(lists, names)) }} {%- endmacro %}

{% macro postgres__items_of(lists, names) -%} unnest({{ lists | join(', ') }}) with ordinality {%- endmacro %}

{% macro spark__items_of(lists, names) -%}
    inline(
        transform(
            {{ lists[0] }},
            (item, place) -> struct(
                item as {{ names[0] }},
                {% for list in lists[1:] -%} get({{ list }}, place) as {{ names[loop.index] }}, {% endfor -%}
                place + 1 as place
            )
        )
    )
{%- endmacro %}


{% macro ordered_list(value, order_by) -%} {{ return(adapter.dispatch('ordered_list')(value, order_by)) }} {%- endmacro %}

{% macro postgres__ordered_list(value, order_by) -%} (array_agg({{ value }} order by {{ order_by | join(', ') }})) {%- endmacro %}

{% macro spark__ordered_list(value, order_by) -%}
    {#- Sail takes two lists of structs with the same names for one. -#}
    {%- set item = 'item_' ~ local_md5(value)[:8] -%}
    transform(
        array_sort(collect_list(struct({{ order_by | join(', ') }}, {{ value }} as {{ item }}))), one -> one.{{ item }}
    )
{%- endmacro %}


{% macro list_of(first, items, last) -%} {{ return(adapter.dispatch('list_of')(first, items, last)) }} {%- endmacro %}

{% macro postgres__list_of(first, items, last) -%} array_remove({{ first }} || {{ items }} || {{ last }}, null) {%- endmacro %}

{% macro spark__list_of(first, items, last) -%}
    filter(concat(array({{ first }}), {{ items }}, array({{ last }})), one -> one is not null)
{%- endmacro %}


{% macro array_of(items) -%} {{ return(adapter.dispatch('array_of')(items)) }} {%- endmacro %}

{% macro postgres__array_of(items) -%} array[{{ items | join(', ') }}] {%- endmacro %}

{% macro spark__array_of(items) -%} array({{ items | join(', ') }}) {%- endmacro %}


{% macro value_at_lowest(by, wanted) -%} {{ return(adapter.dispatch('value_at_lowest')(by, wanted)) }} {%- endmacro %}

{% macro postgres__value_at_lowest(by, wanted) -%}
    (min(array[cast({{ by }} as double precision), cast({{ wanted }} as double precision)]))[2]
{%- endmacro %}

{#- A null is the lowest in a struct of Spark, and the highest in an array of PostgreSQL. -#}
{% macro spark__value_at_lowest(by, wanted) -%}
    case
        when count({{ by }}) > 0
            then
                min(
                    case
                        when ({{ by }}) is not null
                            then struct(cast({{ by }} as double) as by, cast({{ wanted }} as double) as wanted)
                    end
                ).wanted
        else min(cast({{ wanted }} as double))
    end
{%- endmacro %}


{% macro listed_rows(rows, names) -%} {{ return(adapter.dispatch('listed_rows')(rows, names)) }} {%- endmacro %}

{% macro postgres__listed_rows(rows, names) -%}
    (
        values
        {% for row in rows -%} ({{ row | join(', ') }}){{ ',' if not loop.last }} {% endfor -%}
    )
{%- endmacro %}

{% macro spark__listed_rows(rows, names) -%}
    inline(
        array(
            {% for row in rows -%}
                struct({% for value in row %}{{ value }} as {{ names[loop.index0] }}{{ ', ' if not loop.last }}{% endfor %})
                {{- ',' if not loop.last }}
            {% endfor -%}
        )
    )
{%- endmacro %}


{% macro lowest_of_each(keys, by, wanted, rows) -%} {{ return(adapter.dispatch('lowest_of_each')(keys, by, wanted, rows)) }} {%- endmacro %}

{% macro postgres__lowest_of_each(keys, by, wanted, rows) -%}
    select distinct on ({{ keys | join(', ') }})
        {{ keys | join(', ') }},
        {{ wanted }}
    from {{ rows }}
    order by {{ keys | join(', ') }}, {{ by }}, {{ wanted }}
{%- endmacro %}

{% macro spark__lowest_of_each(keys, by, wanted, rows) -%}
    select
        {{ keys | join(', ') }},
        {{ value_at_lowest(by, wanted) }} as {{ wanted }}
    from {{ rows }}
    group by {{ keys | join(', ') }}
{%- endmacro %}
