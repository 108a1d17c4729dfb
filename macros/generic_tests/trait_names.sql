{#- Column names are in snake case, and no two are the same but for underscores (`last_order_on`,
    `lastorder_on`), because nobody remembers which is right. Returns the names. -#}
{% test trait_names(model) %}

{%- set found = {} -%}
{%- set wrong = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {%- set plain = column.name | lower | replace('_', '') -%}
        {%- if plain in found or not modules.re.match('^[a-z][a-z0-9]*(_[a-z0-9]+)*$', column.name) -%}
            {%- do wrong.append(column.name) -%}
        {%- endif -%}
        {%- do found.update({plain: column.name}) -%}
    {%- endfor -%}
{%- endif -%}
{{ activation._rows_of(wrong, 'trait') }}

{% endtest %}
