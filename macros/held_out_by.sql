{#- True where a person was drawn into the control group of a hold-out and has not been released,
    by the table `holdouts` that `python -m sync` keeps; false for everybody before its first run.

    `holdouts` is another relation with the columns holdout, identity, arm and released_at. -#}
{% macro held_out_by(holdout, identity, holdouts=none) -%}
    {%- set drawn = holdouts or activation._state('holdouts') -%}
    {%- if drawn -%}
    coalesce(
            {{ activation._person(identity) }} in (
                select {{ activation._person('drawn.identity') }}
                from {{ drawn }} as drawn
                where
                    drawn.holdout = {{ activation._text(holdout) }}
                    and drawn.arm = 'control'
                    and drawn.released_at is null
                    and drawn.identity is not null
            ),
            false
        )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
