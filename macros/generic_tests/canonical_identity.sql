{#- Every identity is there, not blank, without white space around it, and no two differ by case
    only: most destinations would make two people of them, or one where we mean two. With `form`,
    each is an e-mail address or a telephone number as the macros write it. Returns the identities
    with what is wrong. -#}
{% test canonical_identity(model, column_name, form=none) %}

{%- set text = activation._as_text(column_name) -%}
{%- set forms = {
    'email': activation.normalize_email(text), 'phone': activation.normalize_phone(text)
} -%}
{%- if form is not none and form not in forms -%}
    {{ exceptions.raise_compiler_error(
        "canonical_identity: `form` is `" ~ form ~ "`. fix: write email or phone, or leave it out"
    ) }}
{%- endif -%}

with

identities as (

    select distinct
        {{ column_name }} as identity_id,
        {{ activation._strip(text) }} as stripped,
        {{ forms[form] if form else text }} as canonical
    from {{ model }}

),

classified as (

    select
        identity_id,
        case
            when identity_id is null then 'null'
            when stripped = '' then 'blank'
            when stripped <> {{ activation._as_text('identity_id') }} then 'white space around it'
            when count(*) over (partition by lower(stripped)) > 1 then 'differs by case only'
            {%- if form %}
            when canonical is null then 'no {{ form }}'
            when canonical <> {{ activation._as_text('identity_id') }} then 'not as it is sent'
            {%- endif %}
        end as problem
    from identities

)

select
    identity_id,
    problem
from classified
where problem is not null

{% endtest %}
