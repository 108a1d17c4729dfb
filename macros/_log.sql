{#- A select of a table of the sync's state with these columns, in the types they have there. It has
    no row before the sync's first run; what an older version's table lacks is null. -#}
{% macro _log(table, texts=[], numbers=[], flags=[], moments=[]) -%}
    {%- set found = none if table.is_cte or not execute
        else adapter.get_relation(table.database, table.schema, table.identifier) -%}
    {%- set here = table.is_cte or found -%}
    {%- set known = adapter.get_columns_in_relation(found) | map(attribute='name') | map('lower')
        | list if found else none -%}
    {%- set columns = [] -%}
    {%- for name in texts + numbers + flags + moments -%}
        {%- set value = name if here and (known is none or name in known) else 'null' -%}
        {%- if name in texts -%}
            {%- set typed = activation._as_text(value) -%}
        {%- elif name in moments -%}
            {%- set typed = activation._as_moment(value) -%}
        {%- else -%}
            {%- set typed = 'cast(' ~ value ~ ' as ' ~ ('bigint' if name in numbers else 'boolean') ~ ')' -%}
        {%- endif -%}
        {%- do columns.append(typed ~ ' as ' ~ name) -%}
    {%- endfor -%}
    select
        {{ columns | join(',\n        ') }}
    from {{ table if here else '(select 1 as nothing) as nowhere' }}
    {%- if not here %}
    where 1 = 0
    {%- endif -%}
{%- endmacro %}
