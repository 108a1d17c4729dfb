{#- Everybody in this identity column has given each consent that the model's metadata requires, for
    itself or for one of its destinations: its own columns, and those of the consent model
    `consents`, whose identity column is `key`. `columns` names the consents instead. Null is no,
    and a person without a row has said no. Returns who lacks which. -#}
{% test consent_given(model, column_name, consents=none, columns=none, key=none) %}

{%- set required = activation._required_consents(model, consents, columns) -%}
{%- if execute and not required -%}
    {{ exceptions.raise_compiler_error(
        "consent_given: " ~ model ~ " requires no consent "
        ~ (('of ' ~ consents.identifier) if consents else 'of its own columns')
        ~ ". fix: name the model's `requires`, or give the test its `columns`"
    ) }}
{%- endif -%}
{%- for column in required %}
select
    here.{{ column_name }} as identity_id,
    {{ activation._text(column) }} as lacks
from {{ model }} as here
{%- if consents %}
left join {{ consents }} as consent
    on
        {{ activation._person('here.' ~ column_name) }}
        = {{ activation._person('consent.' ~ (key or column_name)) }}
where not coalesce(consent.{{ column }}, false)
{%- else %}
where not coalesce(here.{{ column }}, false)
{%- endif %}
{{ 'union all' if not loop.last }}
{%- else -%}
{{ activation._records([], ['identity_id', 'lacks']) }}
{%- endfor %}

{% endtest %}

{#- The columns of a consent model, or of the tested model where there is none, that have to be
    true by the metadata of the model, its destinations and the project. -#}
{% macro _required_consents(model, consents, columns) -%}
    {%- if columns is not none -%}
        {{ return([columns] if columns is string else columns) }}
    {%- endif -%}
    {%- set node = activation._node_of(model) -%}
    {%- set project = var('activation', {}) or {} -%}
    {%- set said = [project.requires] -%}
    {%- if node -%}
        {%- do said.append(activation._metadata(node).requires) -%}
        {%- for entry in activation._entries(node) -%}
            {%- do said.append(entry.requires) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set required = [] -%}
    {%- for name in activation._flat(said) -%}
        {%- set place = name.split('.')[0] if '.' in name else none -%}
        {%- set column = name.split('.') | last -%}
        {%- if place == (consents.identifier if consents else none) and column not in required -%}
            {%- do required.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(required) }}
{%- endmacro %}

{#- The texts in lists and mappings of them. -#}
{% macro _flat(said) -%}
    {%- set texts = [] -%}
    {%- for one in (said.values() if said is mapping else said) if one -%}
        {%- if one is string -%}
            {%- do texts.append(one) -%}
        {%- else -%}
            {%- do texts.extend(activation._flat(one)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}
