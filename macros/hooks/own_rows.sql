{% macro add_own_rows() -%}
    {#- The type of its rows, which has no name of the database's. -#}
    {%- set rows = this.include(database=false) -%}
    {%- set theirs -%}
        cross join lateral jsonb_populate_record(cast(null as {{ rows }}), own.cells) as theirs
        where own.seed = '{{ model.name }}'
    {%- endset -%}
    do $$ begin
        if to_regclass('raw.own_seed_rows') is null then
            return;
        end if;
        delete from {{ rows }} as shipped
        where exists (
            select 1
            from raw.own_seed_rows as own
            {{ theirs }} and (
                select bool_and(to_jsonb(shipped) -> name is not distinct from to_jsonb(theirs) -> name)
                from unnest(own.replaced_by) as names (name)
            )
        );
        insert into {{ rows }}
        select theirs.*
        from raw.own_seed_rows as own
        {{ theirs }}
        order by own.line;
    end $$
{%- endmacro %}
