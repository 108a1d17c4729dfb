{#- Column names are in snake case, and no two are the same but for underscores (`last_order_on`,
    `lastorder_on`), because nobody remembers which is right. Returns the names. -#}
{% test trait_names(model) %}

{%- set found = {} -%}
{%- set wrong = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {#- A name that was written without quotes is in capitals on Snowflake. -#}
        {%- set is_turned = target.type == 'snowflake' and column.name == column.name | upper -%}
        {%- set name = column.name | lower if is_turned else column.name -%}
        {%- set plain = name | lower | replace('_', '') -%}
        {%- if plain in found or not modules.re.match('^[a-z][a-z0-9]*(_[a-z0-9]+)*$', name) -%}
            {%- do wrong.append(name) -%}
        {%- endif -%}
        {%- do found.update({plain: name}) -%}
    {%- endfor -%}
{%- endif -%}
{{ activation._rows_of(wrong, 'trait') }}

{% endtest %}
