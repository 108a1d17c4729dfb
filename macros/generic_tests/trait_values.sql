{#- A trait has one of the values that its destinations know. A null counts as the `default` of the
    column's metadata, where it has one, and is accepted where it has none, unless
    `allow_null=false`. Returns the identities with their value. -#}
{% test trait_values(model, column_name, identity, values, allow_null=true) %}

{%- set column = ((activation._node_of(model) or {}).columns or {}).get(column_name, {}) -%}
{%- set default = activation._column_metadata(column).get('default') -%}
{%- set text = activation._as_text(column_name) -%}
{%- set sent = text if default is none
    else 'coalesce(' ~ text ~ ', ' ~ activation._text(activation._value(default)) ~ ')' -%}
{%- set accepted = [] -%}
{%- for value in values -%}
    {%- do accepted.append(activation._value(value)) -%}
{%- endfor -%}

select
    {{ identity }} as identity_id,
    {{ sent }} as found
from {{ model }}
where
    {{ sent }} not in ({{ activation._texts(accepted) }})
    {%- if not allow_null %}
    or {{ sent }} is null
    {%- endif %}

{% endtest %}

{#- A value of YAML as a warehouse writes it. -#}
{% macro _value(value) -%}
    {{ return(value | string | lower if value is boolean else value | string) }}
{%- endmacro %}
